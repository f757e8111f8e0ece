"""Answers one batch of candidates: reads it on stdin (JSON), prints one JSON line per verdict, in the batch's order.

The batch is made by `sandbox.screening`, which documents its shape. What the lines say is never believed: the tests run
as the same user, in processes forked from this one.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any

from ..launch import enter_repository, home_of, plugin_options
from ..places import Home
from . import family, preload
from .family import Line, Patience, Watch, send
from .files import EditedTree, Splice, drop_compiled, remove
from .observer import Outcome
from .zygote import Job, Zygote, become_child, run_job, silence, spawn

ZYGOTES_KEPT = 12  # each costs some megabytes of its own
QUICKEST_LIMIT_S = 0.5  # no test is given less, however quick it is unedited
SLOWNESS_ALLOWED = 5.0  # times what the unedited tests took
HANGS_AFTER_S = 4.0  # an unedited test that takes longer is taken for one that hangs
KNOWN_TO_HANG_S = 0.1  # what it gets when an earlier lane found that out: enough to import and compile everything


class Server:
    """One lane's state: its tree, its zygotes, and how long tests take."""

    def __init__(self, batch: dict[str, Any], verdicts: int, fresh: tuple[str, ...]) -> None:
        self._tree_path = os.path.realpath(batch["tree"])
        self._tree = EditedTree(self._tree_path)
        self._tmp = Path(batch["tmp"])
        self._wall_s = float(batch["check_wall_s"])
        self._cautious = bool(batch["cautious"])
        self._plans = batch["plans"]
        self._neighbours_s: float | None = batch["neighbours_s"]
        self._verdicts = verdicts
        # The project is (part of) pytest itself: its edits can only be seen by a new interpreter.
        is_runner = batch["is_runner"] or bool(preload.project_modules_here(self._tree_path))
        self._fresh = fresh if is_runner else ()
        arguments = (*batch["arguments"], *plugin_options(), "--capture=no", "--tb=no")
        home = home_of(batch)
        self._jobs = [_job(check, arguments, int(batch["memory_bytes"]), home) for check in batch["checks"]]
        self._zygotes: OrderedDict[Any, Zygote | Outcome] = OrderedDict()
        self._slowest_s = [float(check["slowest_s"]) for check in batch["checks"]]  # as far as is known beforehand
        self._patience: dict[int, Patience] = {
            number: Patience(self._wall_s, self._within(slowest_s * SLOWNESS_ALLOWED), self._wall_s)
            for number, slowest_s in enumerate(self._slowest_s)
            if slowest_s > 0
        }

    def serve(self) -> None:
        """Answers every plan."""
        first = self._plans[0]
        unedited = self._get_to_know(first["checks"])
        sys.dont_write_bytecode = True
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
        if not self._cautious and not self._behaves_alike(first, unedited):
            send(self._verdicts, {"again": "cautious"})
            return
        send(self._verdicts, {"ready": True, "neighbours_s": self._neighbours_s})
        for plan in self._plans:
            send(self._verdicts, self._screen(plan))
        for known in self._zygotes.values():
            if isinstance(known, Zygote):
                known.close()

    # ------------------------------------------------------------ before

    def _get_to_know(self, checks: list[int]) -> Outcome:
        """Runs the first check on the unedited tree: how long it takes, what it imports; leaves compiled files."""
        known = self._neighbours_s is not None
        told_s = self._slowest_s[checks[0]]
        hangs_after_s = max(HANGS_AFTER_S, told_s * 2)
        outcome, modules = self._probe(self._jobs[checks[0]], KNOWN_TO_HANG_S if known else hangs_after_s)
        if outcome.detail.startswith("timed out") and not known:
            self._neighbours_s = self._neighbours(checks)
        slowest_s = outcome.slowest_s if self._neighbours_s is None else self._neighbours_s
        self._patience[checks[0]] = Patience(
            self._within(outcome.load_s * SLOWNESS_ALLOWED + QUICKEST_LIMIT_S),
            self._within(max(slowest_s, told_s) * SLOWNESS_ALLOWED),
            self._wall_s,
        )
        if not (self._cautious or self._fresh):
            preload.import_all(modules)
        return outcome

    def _behaves_alike(self, plan: dict[str, Any], unedited: Outcome) -> bool:
        """Whether the first check comes out the same in a child of a zygote as it did in a process that shared nothing;
        some code minds what was imported before it. (One that hung is not asked again.)"""
        if unedited.detail.startswith("timed out"):
            return True
        rewritten = [splice for splice in map(_splice, plan["edits"]) if splice.start >= 0]
        again = self._run(
            plan["checks"][0], [splice._replace(end=splice.start, replacement="") for splice in rewritten]
        )
        return again._replace(slowest_s=0, load_s=0) == unedited._replace(slowest_s=0, load_s=0)

    def _neighbours(self, checks: list[int]) -> float:
        """How long the slowest other test of the next check takes: what a test may take where the failing one hangs."""
        hanging = self._jobs[checks[0]].expected
        job = self._jobs[checks[min(1, len(checks) - 1)]]
        others = tuple(test for test in job.expected if test not in hanging)
        return self._probe(job._replace(expected=others), HANGS_AFTER_S)[0].slowest_s if others else 0.0

    def _probe(self, job: Job, test_s: float) -> tuple[Outcome, list[str]]:
        """The outcome on the unedited tree in a child of its own, and the modules it imported from outside."""
        modules: list[str] = []
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            with _exit_at_end():
                os.close(read)
                os.close(self._verdicts)
                silence(2)
                become_child(job.memory_bytes)
                run_job(job, write, imports_outside=self._tree_path)
        os.close(write)
        patience = Patience(self._wall_s, min(self._wall_s, test_s), self._wall_s)
        watch = Watch(pid, Line(read))
        answer = watch.word(patience, ("end",), lambda heard: modules.extend(heard.get("modules", ())))
        watch.close()
        family.end(pid)
        family.end_strays()
        return _outcome_of(answer), modules

    def _within(self, limit_s: float) -> float:
        return min(max(limit_s, QUICKEST_LIMIT_S), self._wall_s)

    # ------------------------------------------------------------ screen

    def _screen(self, plan: dict[str, Any]) -> dict[str, Any]:
        splices = [_splice(fields) for fields in plan["edits"]]
        verdict: dict[str, Any] = {"plan": plan["plan"], "passed": False, "check": -1, "failed": [], "detail": ""}
        for check in plan["checks"]:
            outcome = self._run(check, splices)
            verdict.update(check=check, passed=outcome.passed, failed=outcome.failed, detail=outcome.detail)
            if not outcome.passed:
                break
        return verdict

    def _run(self, check: int, splices: list[Splice]) -> Outcome:
        """One check of one candidate."""
        rewrites = all(splice.start >= 0 for splice in splices) and not self._fresh
        watched = tuple(sorted(self._tree.path(splice.path) for splice in splices)) if rewrites else ()
        zygote = self._zygote(check, watched)
        if isinstance(zygote, Outcome):
            return zygote
        before = set(self._tmp.iterdir())
        with self._tree.edited(splices):
            try:
                outcome = _outcome_of(zygote.ask(self._patience.get(check, self._unhurried())))
            except ConnectionError as error:
                outcome = self._lost((check, watched), zygote, str(error))
        for left_behind in set(self._tmp.iterdir()) - before:
            remove(str(left_behind))
        if outcome.passed and check not in self._patience:
            self._patience[check] = Patience(
                self._wall_s, self._within(outcome.slowest_s * SLOWNESS_ALLOWED), self._wall_s
            )
        return outcome

    def _unhurried(self) -> Patience:
        return Patience(self._wall_s, self._wall_s, self._wall_s)

    def _lost(self, key: Any, zygote: Zygote, why: str) -> Outcome:
        zygote.close()
        del self._zygotes[key]
        family.end_strays(keep={known.pid for known in self._zygotes.values() if isinstance(known, Zygote)})
        return Outcome(False, detail=f"it ended the process that watched it ({why})")

    # ----------------------------------------------------------- zygotes

    def _zygote(self, check: int, watched: tuple[str, ...]) -> Zygote | Outcome:
        """The zygote for these files (on the unedited tree), or the outcome when the check never reads them."""
        key = (check, watched)
        if key not in self._zygotes:
            for path in watched:
                drop_compiled(path)
            self._zygotes[key] = self._grown(self._jobs[check], watched)
            if len(self._zygotes) > ZYGOTES_KEPT:
                _, oldest = self._zygotes.popitem(last=False)
                if isinstance(oldest, Zygote):
                    oldest.close()
        self._zygotes.move_to_end(key)
        return self._zygotes[key]

    def _grown(self, job: Job, watched: tuple[str, ...]) -> Zygote | Outcome:
        private = [self._verdicts]
        for known in self._zygotes.values():
            if isinstance(known, Zygote):
                private.extend(known.fds)
        if watched:
            zygote = spawn(job, watched, private)
            word = zygote.started(self._unhurried())
            if word["kind"] == "stopped":
                return zygote
            zygote.close()
            family.end_strays(keep={known.pid for known in self._zygotes.values() if isinstance(known, Zygote)})
            if word["kind"] == "end":
                return _outcome_of(word)
        plain = spawn(job, (), private, self._fresh)
        plain.started(self._unhurried())
        return plain


def _splice(fields: list[Any]) -> Splice:
    return Splice(*fields)


def _job(check: dict[str, Any], arguments: tuple[str, ...], memory_bytes: int, home: Home) -> Job:
    # Files, not ids: no id is too odd for an argument, and pytest matches thousands of ids slowly.
    files = tuple(dict.fromkeys(home.path_from_here(test.partition("::")[0]) for test in check["ids"]))
    return Job((*arguments, f"--maxfail={check['max_failures']}"), files, tuple(check["ids"]), memory_bytes, home)


def _outcome_of(answer: dict[str, Any]) -> Outcome:
    """What a child's last message, or its silence, means."""
    at = str(answer.get("at", ""))
    if answer["kind"] == "end":
        return Outcome.read(answer)
    if answer["kind"] == "late":
        return Outcome(False, (at,) if at else (), f"timed out {'in ' + at if at else 'while loading'}")
    status = int(answer.get("status", 0))
    if os.WIFSIGNALED(status):
        how = f"was killed by {signal.Signals(os.WTERMSIG(status)).name}"
    else:
        how = f"ended by itself with exit status {os.WEXITSTATUS(status)}"
    return Outcome(False, (at,) if at else (), f"the test process {how}")


@contextlib.contextmanager
def _exit_at_end() -> Any:
    try:
        yield
    finally:
        os._exit(1)


def main(fresh: tuple[str, ...]) -> None:
    """The lane's command. `fresh` starts a new interpreter that continues a job (see `zygote.continue_anew`)."""
    batch = json.loads(sys.stdin.buffer.read().decode())
    verdicts = os.dup(1)  # tests print, too: not into our verdicts
    silence(0, 1)  # the server's own stderr stays: it is what a crash is explained with
    os.environ["TMPDIR"] = batch["tmp"]
    os.makedirs(batch["tmp"], exist_ok=True)  # noqa: PTH103  (a string from the batch)
    enter_repository(home_of(batch))
    family.adopt_orphans()
    Server(batch, verdicts, fresh).serve()
