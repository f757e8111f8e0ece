"""Workers killed with SIGKILL, at any moment: the run goes on in another one and ends right, with one comment and one
pull request, and nothing of the dead ones is left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crash_stories import ask, attempts, fixed_once, nothing_left, runs_of
from github_app import RunningApp
from redis_at_hand import RedisAtHand
from world.github import missing

pytestmark = [pytest.mark.skipif(bool(missing()), reason=missing()), pytest.mark.timeout(600)]

QUICK = {"FIXBUGS_LEASE_S": "2", "FIXBUGS_SWEEP_S": "0.5"}
# Each stage with how far it gets: some take milliseconds, in others a sandbox is at work by then.
DEATHS = {
    "gather": 0.15,
    "analysis": 0.0,
    "environment": 0.3,
    "root_cause": 0.0,
    "reproduction": 0.6,
    "fix": 1.0,
    "validation": 1.0,
    "publication": 0.0,
}


@pytest.fixture
def app(tmp_path: Path, cache_dir: Path, shared_redis: RedisAtHand, shop: Path) -> Iterator[RunningApp]:
    with nothing_left(), RunningApp(tmp_path, cache_dir, shared_redis, shop, QUICK) as running:
        yield running


def test_a_run_whose_worker_dies_in_each_of_its_stages_ends_as_if_none_had(app: RunningApp) -> None:
    number = ask(app)

    for stage, after_s in DEATHS.items():
        app.buried(app.start_worker(dies_at=f"stage_started stage={stage}", after_s=after_s))
    app.start_worker()

    fixed_once(app, number)
    assert len(runs_of(app)) == 1
    assert {stage: attempts(app, stage) >= 2 for stage in DEATHS} == dict.fromkeys(DEATHS, True)
