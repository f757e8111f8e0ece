"""What taking a webhook in costs: signed deliveries on `fixbugs serve` and a real Redis, against a Flask route that
only verifies and answers 202, served with the same gunicorn options.

`python -m bench.webhook [--seconds N] [--rounds N] [--json]`. Both servers run side by side and are loaded in turns by
a process of its own (`bench.deliveries`), so that what else the machine does meets both. `ratio` compares the
processor time that everything which serves them (gunicorn's processes and, for ours, Redis) spends on a delivery, as
that depends least on what else the machine does; `rate_ratio` compares how many a second they take without a limit.
`kept_ratio` is `ratio` over connections that stay open, where what both pay for a connection falls away. Latency is
measured at 200 a second, from when a delivery was due.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bench.deliveries import SECRET, payload
from bench.report import BenchReport, bench_parser, this_machine
from bot.local.embedded_redis import await_redis, embedded_redis

RATE, RATIO_LIMIT, P99_LIMIT_MS = 200.0, 2.5, 50.0
PATIENCE_S = 30.0
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Served:
    """A server that is measured: the first process of each of its programs, and its port."""

    pids: tuple[int, ...]
    port: int

    def cpu_s(self) -> float:
        """Processor time of all its processes so far, user and system."""
        return sum(_cpu_s(pid) for first in self.pids for pid in _family(first))


@dataclass(frozen=True)
class Loaded:
    """What one round of load on one server came to."""

    rate: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    cpu_ms: float  # of all that serves, per delivery


Pair = tuple[Loaded, Loaded]  # the bare route's and ours, one round


def main(argv: Sequence[str] | None = None) -> None:
    parser = bench_parser("bench.webhook", "Measures what taking a webhook in costs.")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each round of load takes (default: 5)")
    parser.add_argument("--rounds", type=int, default=3, help="how many rounds each server gets (default: 3)")
    arguments = parser.parse_args(argv)
    with _servers() as (bare, ours):
        for server in (bare, ours):
            _load(server, 1.0)  # warm-up
        full = [(_load(bare, arguments.seconds), _load(ours, arguments.seconds)) for _ in range(arguments.rounds)]
        kept = [
            (_load(bare, arguments.seconds, kept=True), _load(ours, arguments.seconds, kept=True))
            for _ in range(arguments.rounds)
        ]
        paced = [
            (_load(bare, arguments.seconds, RATE), _load(ours, arguments.seconds, RATE))
            for _ in range(arguments.rounds)
        ]
    _report(full, kept, paced).show(as_json=arguments.json)


def _report(full: Sequence[Pair], kept: Sequence[Pair], paced: Sequence[Pair]) -> BenchReport:
    """Medians over rounds; of ratios, the median of each round's own."""
    rate_ratio = statistics.median(bare.rate / ours.rate for bare, ours in full)
    ratio, kept_ratio = (statistics.median(ours.cpu_ms / bare.cpu_ms for bare, ours in pairs) for pairs in (full, kept))
    ours_full, ours_paced = [ours for _, ours in full], [ours for _, ours in paced]
    rows = (
        _row("bare, no limit", [bare for bare, _ in full]),
        _row("ours, no limit", ours_full),
        _row("bare, kept", [bare for bare, _ in kept]),
        _row("ours, kept", [ours for _, ours in kept]),
        _row(f"bare, {RATE:.0f}/s", [bare for bare, _ in paced]),
        _row(f"ours, {RATE:.0f}/s", ours_paced),
    )
    return BenchReport(
        title="webhook",
        columns=("what", "deliveries/s", "p50 ms", "p99 ms", "worst ms", "CPU ms each"),
        rows=rows,
        figures={
            "ratio": round(ratio, 2),
            "rate_ratio": round(rate_ratio, 2),
            "kept_ratio": round(kept_ratio, 2),
            "rate": round(statistics.median(loaded.rate for loaded in ours_full)),
            "p50_ms": round(statistics.median(loaded.p50_ms for loaded in ours_paced), 2),
            "p99_ms": round(statistics.median(loaded.p99_ms for loaded in ours_paced), 2),
        },
        notes=(
            f"Limits: ratio {RATIO_LIMIT}, p99 {P99_LIMIT_MS:.0f} ms at {RATE:.0f}/s. "
            f"Each delivery has {len(payload()) / 1000:.0f} kB, asks for something, is kept in Redis and rung.",
        ),
        machine=this_machine(("fixbugs", "flask", "gunicorn", "redis")),
    )


def _row(name: str, loads: Sequence[Loaded]) -> tuple[str, ...]:
    median = statistics.median
    return (
        name,
        f"{median(one.rate for one in loads):.0f}",
        f"{median(one.p50_ms for one in loads):.1f}",
        f"{median(one.p99_ms for one in loads):.1f}",
        f"{max(one.max_ms for one in loads):.1f}",
        f"{median(one.cpu_ms for one in loads):.2f}",
    )


def _load(server: Served, seconds: float, rate: float = 0.0, *, kept: bool = False) -> Loaded:
    command = [sys.executable, "-m", "bench.deliveries", str(server.port), "--seconds", str(seconds)]
    before_s = server.cpu_s()
    done = subprocess.run(
        [*command, "--rate", str(rate), *(["--kept"] if kept else [])],
        capture_output=True,
        text=True,
        check=True,
        timeout=seconds + 2 * PATIENCE_S,
    )
    spent_s = server.cpu_s() - before_s
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["accepted"] > 0 and not found["refused"], f"every delivery must be accepted, not {found}"
    return Loaded(found["rate"], found["p50_ms"], found["p99_ms"], found["max_ms"], spent_s * 1000 / found["accepted"])


@contextmanager
def _servers() -> Iterator[tuple[Served, Served]]:
    """The bare route and ours, on a Redis that keeps what it is told on disk as in production."""
    with tempfile.TemporaryDirectory(prefix="fixbugs-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        redis = stack.enter_context(embedded_redis(folder / "redis"))
        keeper = stack.enter_context(_process(redis.argv, os.environ))
        await_redis(redis.url, PATIENCE_S)
        environ = {name: value for name, value in os.environ.items() if not name.startswith("FIXBUGS_")} | {
            "FIXBUGS_REDIS_URL": redis.url,
            "FIXBUGS_CACHE_DIR": str(folder),
            "FIXBUGS_GITHUB_APP_ID": "1",
            "FIXBUGS_GITHUB_PRIVATE_KEY": _key(),  # checked at the start, used by nothing here
            "FIXBUGS_GITHUB_WEBHOOK_SECRET": SECRET,
        }
        bare, ours = _free_port(), _free_port()
        yield (
            stack.enter_context(_served(("-m", "bench.bare_route", str(bare)), bare, environ)),
            stack.enter_context(_served(("-m", "bot.cli", "serve", "--port", str(ours)), ours, environ, keeper.pid)),
        )


def _key() -> str:
    """A private key of nobody's, in PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    kind, form = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(kind, form, serialization.NoEncryption()).decode()


@contextmanager
def _served(arguments: Sequence[str], port: int, environ: dict[str, str], *more: int) -> Iterator[Served]:
    """`more` are processes that serve, too."""
    with _process((sys.executable, *arguments), environ) as process:
        deadline = time.monotonic() + PATIENCE_S
        while process.poll() is None and time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        else:
            raise RuntimeError(f"{' '.join(arguments)} did not start; what it printed is above")
        yield Served((process.pid, *more), port)


@contextmanager
def _process(argv: Sequence[str], environ: os._Environ[str] | dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """What it logs per delivery is written as in production, but nobody reads it here."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(argv, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            yield process
        except BaseException:
            log.seek(0)
            sys.stderr.write(log.read()[-3000:].decode(errors="replace"))
            raise
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _family(pid: int) -> list[int]:
    """A process and those that it started, and they in turn."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    except OSError:
        return [pid]
    return [pid, *(found for child in children for found in _family(int(child)))]


def _cpu_s(pid: int) -> float:
    """User and system time: the 14th and 15th field, counted behind the name, which may hold spaces."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


if __name__ == "__main__":
    main()
