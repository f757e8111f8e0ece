"""`fixbugs up`, for somebody who has nothing yet: web, worker and a Redis of its own in one command."""

from __future__ import annotations

import html
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from crash_stories import ask, attempts, fixed_once, nothing_left, over
from github_app import FIXBUGS, RunningApp
from redis_at_hand import RedisAtHand, executable
from world.github import missing

LACKING = missing() or ("" if executable() else "no redis-server here")
pytestmark = [pytest.mark.skipif(bool(LACKING), reason=LACKING), pytest.mark.timeout(600)]

LOG = "up"
CREDENTIALS = ("FIXBUGS_GITHUB_APP_ID", "FIXBUGS_GITHUB_PRIVATE_KEY_FILE", "FIXBUGS_GITHUB_WEBHOOK_SECRET")


class AllInOne(RunningApp):
    """The whole App by one command, with nothing but its credentials to begin with; `self.web` is that command."""

    known = True  # whether there is an App already

    def start_web(self) -> None:
        for name in ("FIXBUGS_REDIS_URL", *(() if self.known else CREDENTIALS)):
            self.environ.pop(name, None)
        self.web = self._start("up", "--port", str(self.port))
        self.until(self._answers, "the web process answers")

    def __exit__(self, *error: object) -> None:
        self.interrupt()
        self.world.__exit__()

    def interrupt(self) -> int:
        """Ctrl-C; returns the exit code."""
        if self.web.poll() is None:
            self.web.send_signal(signal.SIGINT)
        return self.web.wait(30)

    def kill_all(self) -> None:
        """The command and everything that it started, as when the machine loses its power."""
        for pid in [self.web.pid, *descendants(self.web.pid)]:
            with suppress(ProcessLookupError):  # a git, a test: it has just ended by itself
                os.kill(pid, signal.SIGKILL)
        self.web.wait()


class Newcomers(AllInOne):
    known = False


def descendants(pid: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return []
    return [one for child in children for one in (child, *descendants(child))]


@pytest.fixture
def up(tmp_path: Path, shop: Path) -> Iterator[Callable[[type[AllInOne]], AllInOne]]:
    with ExitStack() as stack:
        stack.enter_context(nothing_left())

        def started(kind: type[AllInOne] = AllInOne) -> AllInOne:
            return stack.enter_context(kind(tmp_path, tmp_path / "cache", RedisAtHand(tmp_path), shop))

        yield started


Up = Callable[..., AllInOne]


def test_interrupted_and_then_killed_with_everything_it_goes_on_where_it_was_when_started_again(up: Up) -> None:
    app = up()
    number = ask(app)
    app.until(lambda: attempts(app, "reproduction", LOG), "the bug is being reproduced")

    with nothing_left():
        assert app.interrupt() == 0
    assert "Traceback" not in app.log(LOG)
    app.start_web()
    app.until(lambda: attempts(app, "fix", LOG), "the fix is looked for")

    app.kill_all()
    app.start_web()

    over(app, log=LOG)
    fixed_once(app, number)
    assert attempts(app, "gather", LOG) == 1


def test_a_newcomer_creates_the_app_with_one_click_and_gets_a_fix(up: Up) -> None:
    app = up(Newcomers)
    link = app.until(lambda: re.search(r"open (http://\S+/setup\?token=\S+)", app.log(LOG)), "a link is printed")[1]
    page = httpx.get(link)
    target = urlsplit(html.unescape(re.findall(r'<form method="post" action="([^"]+)"', page.text)[0]))
    manifest = json.loads(html.unescape(re.findall(r'name="manifest" value="([^"]+)"', page.text)[0]))
    assert f"{target.scheme}://{target.netloc}{target.path}" == f"{app.world.web_url}/settings/apps/new"
    assert manifest["hook_attributes"]["url"] == f"{app.url}/webhook"

    app.world.order(manifest_code="made-by-github")
    back = {"code": "made-by-github", "state": parse_qs(target.query)["state"][0]}
    created = httpx.get(manifest["redirect_url"], params=back)

    assert created.is_success, created.text
    assert f"{app.world.api_url}/apps/fixbugs" in created.text or "/apps/fixbugs/installations/new" in created.text
    kept = app.cache_dir / "credentials.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert app.world.private_key not in app.log(LOG)
    app.until(lambda: "worker_started" in app.log(LOG), "the worker starts by itself")
    number = ask(app)
    over(app, log=LOG)
    fixed_once(app, number)
    assert httpx.get(link).status_code == 409, "nobody creates another one"


# ------------------------------------------------------------------ refusals


def refused(tmp_path: Path, *arguments: str, **settings: str) -> str:
    """What the command says that ends at once with exit code 2."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("FIXBUGS_", "REDIS_"))}
    environ.update({"FIXBUGS_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": os.pathsep.join(sys.path), **settings})
    done = subprocess.run(
        [sys.executable, *FIXBUGS, "up", *arguments],
        env=environ,
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("fixbugs:") == 1, done.stderr
    return done.stderr


def test_a_port_that_is_taken_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refused(tmp_path, "--port", str(port))

    assert said == (
        f"fixbugs: 127.0.0.1:{port} cannot be listened on (Address already in use): choose another --host or --port.\n"
    )


def test_a_private_key_that_is_none_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("-----BEGIN RSA PRIVATE KEY-----\nbroken\n")
    app = dict(zip(CREDENTIALS, ("1", str(tmp_path / "key.pem"), "a secret"), strict=True))
    said = refused(tmp_path, **app)

    assert said.startswith("fixbugs: The App's private key cannot be used: give the whole PEM file")
    assert said.count("\n") == 1


def test_a_sandbox_that_does_not_exist_is_one_line(tmp_path: Path) -> None:
    said = refused(tmp_path, FIXBUGS_SANDBOX="docker-ish")

    assert said == "fixbugs: FIXBUGS_SANDBOX is 'docker-ish': give docker, namespace or none.\n"
