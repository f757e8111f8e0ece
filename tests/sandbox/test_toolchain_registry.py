"""Every registered toolchain keeps the contract that the workbench relies on."""

from __future__ import annotations

import json

import pytest

from bot.core.testing import Basis
from python_projects import tree_of
from sandbox.toolchains import TOOLCHAINS
from sandbox.toolchains.base import Mode, Place, Request, Toolchain

PLACE = Place("/env", "/box/tree", "/box/scratch")
every_toolchain = pytest.mark.parametrize("toolchain", TOOLCHAINS, ids=lambda toolchain: toolchain.name)


def request(mode: Mode) -> Request:
    return Request(mode, (), None, b"key" * 8, wall_s=10.0, test_limit_s=1.0)


def test_names_are_unique() -> None:
    assert len({toolchain.name for toolchain in TOOLCHAINS}) == len(TOOLCHAINS)


@every_toolchain
def test_an_empty_tree_is_nobodys(toolchain: Toolchain) -> None:
    assert toolchain.detect(tree_of({})) is None


@every_toolchain
def test_files_of_a_session_lie_in_the_scratch_folder(toolchain: Toolchain) -> None:
    session = toolchain.session(PLACE, (), request(Mode.RUN))
    paths = [path for path, _ in session.files] + [session.report_path, session.coverage_path]
    assert all(path.startswith("/box/scratch/") for path in paths)


@every_toolchain
def test_the_key_of_a_report_is_only_on_stdin(toolchain: Toolchain) -> None:
    asked = request(Mode.RUN)
    session = toolchain.session(PLACE, (), asked)
    seen = json.dumps([session.command.argv, session.command.env, [content.decode() for _, content in session.files]])
    assert asked.key.hex() not in seen
    assert asked.key.hex() in session.command.stdin.decode()


@every_toolchain
def test_a_run_has_a_failing_control_test_first_and_last_and_a_passing_one(toolchain: Toolchain) -> None:
    session = toolchain.session(PLACE, (), request(Mode.RUN))
    if session.basis is not Basis.OUR_REPORTER:
        assert session.canaries == ()
        return
    canaries = session.canaries
    assert (canaries[0].passes, canaries[-1].passes, any(canary.passes for canary in canaries)) == (False, False, True)


@every_toolchain
def test_collecting_runs_no_control_tests(toolchain: Toolchain) -> None:
    assert toolchain.session(PLACE, (), request(Mode.COLLECT)).canaries == ()
