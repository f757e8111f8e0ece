"""The `fixbugs` command: reads arguments, starts a run, prints how it ended. What a run does is elsewhere."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import secrets
import signal
import sys
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO, TypeVar

from bot import __version__
from bot.cli_server import add_server_commands
from bot.core.artifacts import Publication, Reproduction, Validation
from bot.core.errors import FixbugsError, InputError, SandboxUnavailable
from bot.core.outcomes import RunRecord, StageState
from bot.core.run import Document, Goal, Report, Run, StageName, Trigger, TriggerKind, Verdict, new_run_id
from bot.core.testing import Isolation
from bot.demo import example_repository
from bot.doctor import diagnose
from bot.doctor_docker import clean_up
from bot.driver import drive
from bot.local.base_policy import base_policy
from bot.local.clock import SystemClock
from bot.local.folders import make_writable
from bot.local.working_tree import apply_to_working_tree
from bot.progress import SilentProgress, progress_on
from bot.render.text import summary
from bot.render.wording import stage_label
from bot.run_arguments import add_run_arguments, seconds
from bot.settings import Settings
from bot.stages.flow import GOAL_STAGES
from bot.variables import Variables
from bot.wiring import SandboxChoice, choose_isolation, local_deps

T = TypeVar("T")
REACHED, FAILED, BAD_INPUT, NO_FIX = 0, 1, 2, 3
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
EPILOG = """exit codes:
  0  the goal was reached          2  bad usage or input
  3  an honest no-fix verdict      1  our own failure
"""


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code: 0 goal reached, 3 an honest no-fix verdict, 2 bad usage or input, 1 our own failure."""
    arguments = _parser().parse_args(argv)
    logging.basicConfig(level=logging.INFO if arguments.verbose else logging.CRITICAL, stream=sys.stderr)
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # before and after a run, as Ctrl-C: folders are left
    try:
        code: int = arguments.command(arguments, Settings.load(os.environ, Path.home()))
        return code
    except (InputError, SandboxUnavailable) as exc:
        return _complain(str(exc), BAD_INPUT)
    except FixbugsError as exc:
        return _complain(str(exc), FAILED)
    except KeyboardInterrupt:
        _heed_no_more()
        return _complain("Stopped.", NO_FIX)
    except OSError as exc:
        where = f" ({exc.filename})" if exc.filename else ""
        return _complain(f"{exc.strerror or exc}{where}.", FAILED)


# -------------------------------------------------------------- commands


def run_command(arguments: argparse.Namespace, settings: Settings) -> int:
    """`fixbugs run`."""
    if (arguments.goal is Goal.VALIDATE) is not bool(arguments.base):
        raise InputError("--goal validate holds --ref against --base: give both, or neither.")
    report = Report() if arguments.goal is Goal.VALIDATE else _report(arguments)
    if arguments.apply and arguments.goal is not Goal.FIX:
        raise InputError("--apply writes a fix; it goes with --goal fix only.")
    if arguments.apply and not Path(arguments.repo).is_dir():
        raise InputError("--apply needs a repository on this machine: give its folder with --repo.")
    isolation = choose_isolation(arguments.sandbox, settings.sandbox, unsafe_allowed=arguments.unsafe_local)
    run = _run(arguments, settings, report)
    out = arguments.out or settings.cache_dir / "results" / run.id
    make_writable(settings.cache_dir, "The cache", "FIXBUGS_CACHE_DIR")
    make_writable(out, "The folder for results", "--out")
    return _carry_out(run, settings, isolation, out, as_json=arguments.json, apply=arguments.apply)


def demo_command(arguments: argparse.Namespace, settings: Settings) -> int:
    """`fixbugs demo`: the bundled example, whose code is ours, so that it may run without isolation."""
    isolation = choose_isolation(SandboxChoice.AUTO, settings.sandbox, unsafe_allowed=True)
    with example_repository(arguments.issue_name) as (repository, issue):
        arguments.repo, arguments.ref, arguments.goal = str(repository), "HEAD", Goal.FIX
        report = Report(issue=Document(issue.name, issue.read_bytes()))
        run = _run(arguments, settings, report)
        quoted = "".join(f"  | {line}\n" for line in issue.read_text(encoding="utf-8").splitlines())
        _say(f"The bundled example reports a bug ({issue.name}):\n\n{quoted}\n")
        make_writable(settings.cache_dir, "The cache", "FIXBUGS_CACHE_DIR")
        make_writable(arguments.out, "The folder for results", "--out")
        return _carry_out(run, settings, isolation, arguments.out, as_json=False, apply=False)


def doctor_command(arguments: argparse.Namespace, settings: Settings) -> int:
    """`fixbugs doctor`: what this machine offers, and what to install; with --clean, removes what is left of ours."""
    if arguments.clean:
        said, clean = clean_up(settings, with_environments=arguments.environments)
        _say(said + "\n")
        return REACHED if clean else FAILED
    if arguments.environments:
        raise InputError("--environments says what else --clean removes: give both.")
    choice = Variables(os.environ).one_of("FIXBUGS_SANDBOX", tuple(choice.value for choice in SandboxChoice))
    diagnosis = diagnose(settings, SandboxChoice(choice))
    _say(diagnosis.text + "\n")
    return REACHED if diagnosis.usable else FAILED


# ------------------------------------------------------------------ runs


def _carry_out(run: Run, settings: Settings, isolation: Isolation, out: Path, *, as_json: bool, apply: bool) -> int:
    progress = SilentProgress() if as_json else progress_on(sys.stdout, SystemClock(), GOAL_STAGES[run.goal])
    deps = local_deps(settings, isolation, out, progress)

    stop = asyncio.Event()

    async def whole() -> RunRecord:
        loop = asyncio.get_running_loop()
        for number in STOPPING:
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup and the like mean it
                loop.add_signal_handler(number, _stop_once, stop, asyncio.current_task())
        policy = await _unless(stop, base_policy(deps.code, run))
        return await drive(deps, replace(run, policy=policy or run.policy), stop=stop)

    with progress:
        try:
            record = asyncio.run(whole())
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None
        finally:
            if stop.is_set():
                _heed_no_more()
    return _conclude(record, Path(run.repository), as_json=as_json, apply=apply)


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """What the work comes to; None when the stop comes first."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        for task in (working, stopping):
            task.cancel()
        await asyncio.gather(working, stopping, return_exceptions=True)


def _stop_once(stop: asyncio.Event, task: asyncio.Task[RunRecord] | None) -> None:
    """The first signal ends the run with what was found; the second ends the command."""
    if stop.is_set() and task is not None:
        task.cancel()
    stop.set()


def _heed_no_more() -> None:
    """Lets the last milliseconds of a stopped command pass in peace: a further Ctrl-C would change its exit code."""
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)


def _conclude(record: RunRecord, repository: Path, *, as_json: bool, apply: bool) -> int:
    """Says how the run ended, writes the fix if that was asked for, and returns the exit code."""
    publication = record.artifact(Publication)
    if as_json and publication:
        _say(Path(dict(publication.places)["data"]).read_text(encoding="utf-8"))
    if record.verdict is Verdict.BAD_INPUT:
        return _complain(record.give_up.detail if record.give_up else "The input cannot be used.", BAD_INPUT)
    if not as_json:
        colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        _say("\n" + summary(record, width=min(110, _width()), colour=colour))
    if publication is None:
        return _complain(record.stage(StageName.PUBLICATION).error, FAILED)
    if record.verdict is Verdict.FAILED:
        for stage in record.stages:
            if stage.state is StageState.FAILED:
                _complain(f"{stage_label(stage.name)}: {stage.error}", FAILED)
        return FAILED
    if apply and record.verdict is Verdict.FIXED:
        _apply(record, repository)
    return REACHED if record.verdict and record.verdict.reached_goal else NO_FIX


def _apply(record: RunRecord, repository: Path) -> None:
    reproduction, validation = record.artifact(Reproduction), record.artifact(Validation)
    test = reproduction.test.patch if reproduction else None
    patches = [patch for patch in (test, validation.fix if validation else None) if patch is not None]
    for path in apply_to_working_tree(repository, patches):
        _complain(f"wrote {path}", REACHED)


def _run(arguments: argparse.Namespace, settings: Settings, report: Report) -> Run:
    now = SystemClock().now()
    run_id = new_run_id(now, secrets.token_hex(2))
    trigger = Trigger(TriggerKind.COMMAND_LINE, settings.user, now)
    base = getattr(arguments, "base", "")
    return Run(run_id, trigger, arguments.repo, arguments.ref, report, arguments.goal, arguments.time_limit, base=base)


def _report(arguments: argparse.Namespace) -> Report:
    """Raises InputError for files that cannot be read, and when nothing was said about the bug at all."""
    if not (arguments.issue or arguments.failing_test or arguments.log or arguments.attach):
        raise InputError(
            "Say what is wrong: give the report with --issue FILE (or - for standard input), "
            "a failing test with --failing-test ID, or a log with --log FILE."
        )
    if [arguments.issue, *arguments.log, *arguments.attach].count("-") > 1:
        raise InputError("Standard input (-) can be read once only: give the others as files.")
    return Report(
        issue=_document(arguments.issue) if arguments.issue else None,
        logs=tuple(_document(path) for path in arguments.log),
        attachments=tuple(_document(path) for path in arguments.attach),
        failing_tests=tuple(arguments.failing_test),
    )


def _document(name: str) -> Document:
    if name == "-":
        if sys.stdin is None or sys.stdin.closed:
            raise InputError("There is no standard input to read: give a file instead of -.")
        return Document("standard input", sys.stdin.buffer.read())
    try:
        return Document(Path(name).name, Path(name).read_bytes())
    except OSError as exc:
        raise InputError(f"{name} cannot be read ({exc.strerror}): give the path of a text file.") from exc


# ------------------------------------------------------------- arguments


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fixbugs",
        description="Turns a bug report into a proved fix: a failing test, a minimal patch, and the evidence for both.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"fixbugs {__version__}")
    parser.add_argument("--verbose", action="store_true", help="log events to standard error")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="work on one bug", epilog=EPILOG, formatter_class=parser.formatter_class)
    run.set_defaults(command=run_command)
    add_run_arguments(run)
    demo = commands.add_parser("demo", help="fix the bundled example's bug from its issue text")
    demo.add_argument("--issue-name", default="ISSUE.md", metavar="NAME", help="another report of the example")
    demo.add_argument("--out", type=Path, default=Path("fixbugs-out/demo"), metavar="DIR", help="where results go")
    demo.set_defaults(command=demo_command, time_limit=seconds("5m"))
    doctor = commands.add_parser("doctor", help="say what this machine offers and what is missing")
    doctor.add_argument("--clean", action="store_true", help="remove what dead processes left on the Docker engine")
    doctor.add_argument("--environments", action="store_true", help="with --clean: built environments, too")
    doctor.set_defaults(command=doctor_command)
    add_server_commands(commands)
    return parser


def _width() -> int:
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError):
        return 100


def _say(text: str) -> None:
    """Writes to standard output. A reader that has gone away (`| head`) is no failure: the rest goes nowhere."""
    try:
        try:
            sys.stdout.write(text)
        except UnicodeEncodeError:
            encoding = sys.stdout.encoding
            sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
        sys.stdout.flush()
    except (OSError, ValueError):
        _close_quietly(sys.stdout)


def _complain(message: str, code: int) -> int:
    try:
        print(f"fixbugs: {message}", file=sys.stderr, flush=True)
    except (OSError, ValueError):
        _close_quietly(sys.stderr)
    return code


def _close_quietly(stream: TextIO) -> None:
    """Points a broken stream nowhere, so that what it still holds does not fail when the process ends."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


if __name__ == "__main__":
    sys.exit(main())
