"""The whole App as it is installed: web and worker processes, a real Redis, and a GitHub of our own. No assertions on
what the bot does; waiting for it is here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx
import redis

from at_hand import NO_NAMESPACES
from redis_at_hand import RedisAtHand
from world.github import GithubWorld, free_port

ROOT = Path(__file__).parent.parent
FIXBUGS = ("-m", "bot.cli")
PATIENCE_S = 180.0  # several times what a whole run takes on a busy machine; nobody waits for it where all is well
DOOMED = Path(__file__).parent / "doomed_worker.py"
NOTHING: Mapping[str, str] = {}


@dataclass
class RunningApp:
    """`world` is what people see; `start_worker` and `kill_worker` are what happens to our own processes."""

    folder: Path
    cache_dir: Path
    redis: RedisAtHand
    source: Path
    settings: dict[str, str] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)  # how the world is otherwise: arguments of GithubWorld
    world: GithubWorld = field(init=False)
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.world = GithubWorld(**{"source": self.source, "webhook_url": f"{self.url}/webhook", **self.about})
        self.world.__enter__()
        key = self.folder / "key.pem"
        key.write_text(self.world.private_key)
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("FIXBUGS_", "REDIS_"))},
            "PYTHONPATH": str(ROOT),
            "FIXBUGS_CACHE_DIR": str(self.cache_dir),
            "FIXBUGS_REDIS_URL": self.redis.url,
            "FIXBUGS_GITHUB_APP_ID": str(self.world.app_id),
            "FIXBUGS_GITHUB_PRIVATE_KEY_FILE": str(key),
            "FIXBUGS_GITHUB_WEBHOOK_SECRET": self.world.webhook_secret,
            "FIXBUGS_GITHUB_API_URL": self.world.api_url,
            "FIXBUGS_GITHUB_URL": self.world.web_url,
            "FIXBUGS_SANDBOX": "none" if NO_NAMESPACES else "namespace",
            "FIXBUGS_LEASE_S": "4",
            "FIXBUGS_SWEEP_S": "1",
            "FIXBUGS_NOTICE_GAP_S": "1",
            **self.settings,
        }
        self.start_web()
        return self

    def __exit__(self, *error: object) -> None:
        for process in [*self.workers, self.web]:
            process.terminate()
        for process in [*self.workers, self.web]:
            end(process)
        self.world.__exit__()
        with redis.from_url(self.redis.url) as client:
            client.flushall()

    def _start(
        self, *arguments: str, log: str = "", environ: Mapping[str, str] = NOTHING, program: Sequence[str] = FIXBUGS
    ) -> subprocess.Popen[bytes]:
        with (self.folder / f"{log or arguments[0]}.log").open("ab") as said:
            return subprocess.Popen(
                [sys.executable, *program, *arguments],
                cwd=self.folder,
                env={**self.environ, **environ},
                stdout=said,
                stderr=said,
                start_new_session=True,
            )

    def _answers(self) -> bool:
        with suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/healthz", timeout=2, verify=False).is_success  # noqa: S501 (there is no TLS)
        return False

    # ------------------------------------------------------------- processes

    def start_worker(
        self,
        *stages: str,
        log: str = "worker",
        environ: Mapping[str, str] = NOTHING,
        dies_at: str = "",
        after_s: float = 0.0,
    ) -> subprocess.Popen[bytes]:
        """One that `dies_at` these words of its log gets SIGKILL so long after them; see `buried`."""
        chosen = ("--stages", ",".join(stages)) if stages else ()
        program = (str(DOOMED), dies_at, str(after_s)) if dies_at else FIXBUGS
        self.workers.append(self._start("worker", *chosen, log=log, environ=environ, program=program))
        return self.workers[-1]

    def start_web(self) -> None:
        self.web = self._start("serve", "--port", str(self.port))
        self.until(self._answers, "the web process answers")

    def kill_worker(self, worker: subprocess.Popen[bytes]) -> None:
        """As the kernel does it when memory runs out: no chance to clean up."""
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        self.workers.remove(worker)

    def buried(self, worker: subprocess.Popen[bytes], within_s: float = PATIENCE_S) -> None:
        """Returns once a worker that was to die has died."""
        self.until(lambda: worker.poll() is not None, "the worker dies", within_s)
        assert worker.returncode == -signal.SIGKILL, f"it ended by itself: {worker.returncode}\n{self._said()}"
        self.workers.remove(worker)

    def log(self, name: str = "worker") -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    # --------------------------------------------------------------- waiting

    def until(self, done: Callable[[], Any], what: str, within_s: float = PATIENCE_S) -> Any:
        """What `done` returned once it was true."""
        end_s = time.monotonic() + within_s
        while time.monotonic() < end_s:
            if found := done():
                return found
            time.sleep(0.1)
        raise AssertionError(f"waited {within_s:.0f} s in vain: {what}\n{self._said()}")

    def _said(self) -> str:
        return "\n".join(
            f"--- {path.name}\n{path.read_text(errors='replace')[-6000:]}" for path in self.folder.glob("*.log")
        )

    def answer(self, number: int, holding: str, within_s: float = PATIENCE_S) -> str:
        """The bot's comment in this thread that holds this text."""

        def found() -> str:
            bodies = [str(comment["body"]) for comment in self.world.comments(number, by_bot=True)]
            return next((body for body in bodies if holding in body), "")

        try:
            return str(self.until(found, f"a comment that says {holding!r}", within_s))
        except AssertionError as exc:
            said = "\n\n".join(str(comment["body"]) for comment in self.world.comments(number))
            raise AssertionError(f"{exc}\n--- the thread\n{said}") from exc

    def pull(self, within_s: float = PATIENCE_S, *, ready: Callable[[Any], bool] = lambda pull: True) -> Any:
        """The bot's newest pull request that is as it should be."""

        def found() -> Any:
            return next((pull for pull in self.world.pulls(by_bot=True) if ready(pull)), None)

        return self.until(found, "a pull request of the bot's", within_s)


def end(process: subprocess.Popen[bytes]) -> None:
    """Asks a process to end, and makes it end."""
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
