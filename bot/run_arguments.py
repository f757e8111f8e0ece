"""The arguments of `fixbugs run`. What they start is `bot.cli`'s business."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from bot.core.run import Goal
from bot.wiring import SandboxChoice

DEFAULT_LIMIT = "10m"


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """Repository, report, work and result."""
    code = parser.add_argument_group("the code")
    code.add_argument("--repo", required=True, metavar="PATH|URL", help="the repository; it is never touched")
    code.add_argument("--ref", default="HEAD", help="branch, tag or commit to work on (default: HEAD)")
    code.add_argument("--base", default="", metavar="REF", help="with --goal validate: what --ref is held against")
    report = parser.add_argument_group("the report (any of these)")
    report.add_argument("--issue", metavar="FILE|-", help="the bug report, as Markdown or plain text")
    report.add_argument(
        "--failing-test", action="append", default=[], metavar="ID", help="a test that fails; repeatable"
    )
    report.add_argument("--log", action="append", default=[], metavar="FILE", help="a log with the failure; repeatable")
    report.add_argument("--attach", action="append", default=[], metavar="FILE", help="anything else; repeatable")
    work = parser.add_argument_group("the work")
    work.add_argument(
        "--goal",
        type=Goal,
        choices=list(Goal),
        default=Goal.FIX,
        metavar="explain|reproduce|fix|validate",
        help="how far to go; validate judges what --ref changes since --base",
    )
    work.add_argument(
        "--time-limit",
        type=seconds,
        default=seconds(DEFAULT_LIMIT),
        metavar="TIME",
        help="90, 90s, 10m or 1h (default: 10m)",
    )
    work.add_argument(
        "--sandbox",
        type=SandboxChoice,
        choices=list(SandboxChoice),
        default=SandboxChoice.AUTO,
        metavar="auto|docker|namespace|none",
        help="what isolates the project's code (default: Docker where it can be had, else namespaces)",
    )
    work.add_argument(
        "--unsafe-local", action="store_true", help="allow running the project's code without isolation, as you"
    )
    results = parser.add_argument_group("the result")
    results.add_argument("--out", type=Path, metavar="DIR", help="where patches and reports go (default: in the cache)")
    results.add_argument("--json", action="store_true", help="print report.json instead of progress and summary")
    results.add_argument("--apply", action="store_true", help="write test and fix into the working tree of --repo")


def seconds(text: str) -> float:
    """A time limit in seconds from "90", "90s", "10m" or "1h". Raises ArgumentTypeError for anything else."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text.strip())
    value = float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]] if match else 0.0
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time: use 90, 90s, 10m or 1h")
    return value
