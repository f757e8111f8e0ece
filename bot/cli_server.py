"""The server's commands: serve, worker, up, redeliver. `bot.cli` registers them and says how errors end."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import re
import sys
from contextlib import ExitStack
from urllib.parse import urlsplit

from bot.core.errors import Transient
from bot.local.folders import make_writable
from bot.local.listening import address, check_free
from bot.queue.names import QUEUES
from bot.settings import ServerSettings, Settings, check_key
from bot.supervisor import Child, Supervisor

log = logging.getLogger(__name__)

REDIS_PATIENCE_S = 10.0


def add_server_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Registers the four commands."""
    serve = commands.add_parser("serve", help="answer GitHub's webhooks, and the set-up page")
    _add_address(serve)
    serve.set_defaults(command=serve_command)
    worker = commands.add_parser("worker", help="work on the runs that webhooks ask for")
    worker.add_argument(
        "--stages", type=queues, default=QUEUES, metavar="NAME,…", help=f"only these queues: {', '.join(QUEUES)}"
    )
    worker.add_argument("--processes", type=count, default=1, metavar="N", help="how many processes (default: 1)")
    worker.set_defaults(command=worker_command)
    up = commands.add_parser("up", help="all in one: web, workers and, without FIXBUGS_REDIS_URL, a Redis of its own")
    _add_address(up)
    up.add_argument("--processes", type=count, default=1, metavar="N", help="worker processes (default: 1)")
    up.set_defaults(command=up_command)
    redeliver = commands.add_parser("redeliver", help="take in webhooks that did not arrive")
    redeliver.add_argument(
        "--since", type=look_back_s, default=look_back_s("3d"), metavar="TIME", help="12h or 3d (default: 3d)"
    )
    redeliver.set_defaults(command=redeliver_command)


def _add_address(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on (default: 8000)")


# -------------------------------------------------------------- commands


def serve_command(arguments: argparse.Namespace, settings: Settings) -> int:
    """`fixbugs serve`: returns when gunicorn does."""
    from app import create_app  # noqa: PLC0415 (the web's modules are the web process' alone)
    from bot.local.embedded_redis import await_redis  # noqa: PLC0415 (as the next one)
    from bot.web.process import run_web  # noqa: PLC0415 (as above)

    server = _prepare(settings)
    try:
        await_redis(server.redis_url, 0.0)
    except Transient as exc:
        _tell(f"{exc} Until then webhooks are answered 503, and GitHub keeps them.")
    run_web(lambda: create_app(server), arguments.host, arguments.port)
    return 0


def worker_command(arguments: argparse.Namespace, settings: Settings) -> int:
    """`fixbugs worker`: returns after SIGTERM or Ctrl-C."""
    if arguments.processes > 1:
        argv = _command(arguments, "worker", "--stages", ",".join(arguments.stages))
        return Supervisor([Child(f"worker {n + 1}", argv) for n in range(arguments.processes)]).run()
    from bot.local.embedded_redis import await_redis  # noqa: PLC0415 (as the next one)
    from bot.wiring_server import build_server  # noqa: PLC0415 (stages and sandbox are the workers' alone)
    from bot.worker.process import run_worker  # noqa: PLC0415 (as above)

    server = _prepare(settings)
    if open_to_all(server.redis_url):
        log.warning("redis_without_password advice='code that is installed for tests can reach it: docs/security.md'")
    make_writable(settings.cache_dir, "The cache", "FIXBUGS_CACHE_DIR")
    await_redis(server.redis_url, REDIS_PATIENCE_S)
    return run_worker(build_server(settings, server), queues=arguments.stages)


def up_command(arguments: argparse.Namespace, settings: Settings) -> int:
    """`fixbugs up`: supervises everything until Ctrl-C or SIGTERM."""
    from bot.local.embedded_redis import await_redis, embedded_redis  # noqa: PLC0415 (as for serve)

    server = _prepare(settings)
    check_free(arguments.host, arguments.port)
    with ExitStack() as stack:
        environ = dict(os.environ)
        environ["FIXBUGS_SANDBOX"], sandbox = _sandbox_of_up(settings, server)
        children = []
        if not (environ.get("FIXBUGS_REDIS_URL") or environ.get("REDIS_URL")):
            own = stack.enter_context(embedded_redis(settings.cache_dir / "redis"))
            environ["FIXBUGS_REDIS_URL"] = own.url
            children.append(Child("redis", own.argv, outlives=True))
        else:
            await_redis(server.redis_url, REDIS_PATIENCE_S)
        listen = ("--host", arguments.host, "--port", str(arguments.port))
        children.append(Child("web", _command(arguments, "serve", *listen), environ))
        for number in range(arguments.processes):
            argv = _command(arguments, "worker")
            children.append(Child(f"worker {number + 1}", argv, environ, wanted=lambda: _has_app(server)))
        return Supervisor(children).run(
            lambda: _welcome(arguments, settings, server, environ.get("FIXBUGS_REDIS_URL") or server.redis_url, sandbox)
        )


def redeliver_command(arguments: argparse.Namespace, settings: Settings) -> int:
    """`fixbugs redeliver`."""
    from bot.local.embedded_redis import await_redis  # noqa: PLC0415 (as the next one)
    from bot.wiring_server import build_redelivery  # noqa: PLC0415 (as for the worker)

    server = _prepare(settings)
    await_redis(server.redis_url, REDIS_PATIENCE_S)
    taken = asyncio.run(build_redelivery(server).take_in(arguments.since))
    what = "1 webhook" if taken == 1 else f"{taken} webhooks"
    print(f"{what} taken in that had not arrived." if taken else "Nothing is missing.")
    return 0


# --------------------------------------------------------------- the parts


def _prepare(settings: Settings) -> ServerSettings:
    """The server's settings. Its events are logged to standard error; the libraries' only when something is wrong."""
    logging.getLogger().setLevel(logging.WARNING)
    logging.getLogger("bot").setLevel(logging.INFO)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    server = ServerSettings.load(os.environ, settings.cache_dir)
    if server.credentials is not None:
        check_key(server.credentials)
    return server


def _command(arguments: argparse.Namespace, *rest: str) -> tuple[str, ...]:
    verbose = ("--verbose",) if arguments.verbose else ()
    return (sys.executable, "-m", "bot.cli", *verbose, *rest)


def _tell(text: str) -> None:
    print(f"fixbugs: {text}", file=sys.stderr, flush=True)


def open_to_all(redis_url: str) -> bool:
    """Whether any program that reaches this Redis by network may use it. Builds run the code of repositories, and have
    the network of this machine."""
    parts = urlsplit(redis_url)
    return parts.scheme != "unix" and not parts.password


def _has_app(server: ServerSettings) -> bool:
    return server.credentials is not None or server.credentials_file.is_file()


def _sandbox_of_up(settings: Settings, server: ServerSettings) -> tuple[str, str]:
    """What workers are told with FIXBUGS_SANDBOX, and what people are. Where nothing was said and there is no Docker, a
    try-out may use namespaces: a worker of its own would refuse."""
    from bot.wiring_sandbox import why_no_docker  # noqa: PLC0415 (as for the worker)
    from sandbox.bubblewrap import probe  # noqa: PLC0415 (as above)

    names = {"docker": "containers (Docker)", "namespace": "namespaces (bubblewrap)", "none": "none: code runs as you"}
    if os.environ.get("FIXBUGS_SANDBOX", "").strip():
        return server.sandbox, names[server.sandbox]
    reason = why_no_docker(settings.sandbox)
    if reason is None:
        return "docker", names["docker"]
    if probe() is None:
        return "namespace", f"{names['namespace']}, weaker than containers. {reason}"
    return "docker", f"none, so that workers will not start. {reason}"


def _welcome(
    arguments: argparse.Namespace, settings: Settings, server: ServerSettings, redis_url: str, sandbox: str
) -> None:
    """What people read first."""
    from bot.web.setup_gate import setup_link  # noqa: PLC0415 (as for serve)

    where = "127.0.0.1" if arguments.host in ("0.0.0.0", "::") else arguments.host  # noqa: S104 (compared only)
    base = server.public_url or f"http://{address(where, arguments.port)}"
    link = setup_link(server, base)
    own = urlsplit(redis_url).scheme == "unix" and not (
        os.environ.get("FIXBUGS_REDIS_URL") or os.environ.get("REDIS_URL")
    )
    lines = [
        "FixBugs is up. Ctrl-C ends it.",
        f"  web      {base}",
        f"  webhook  {base}/webhook",
        f"  redis    {'its own, kept in ' + str(settings.cache_dir / 'redis') if own else 'yours'}",
        f"  workers  {arguments.processes}" + ("" if _has_app(server) else ", once there is a GitHub App"),
        f"  sandbox  {sandbox}",
    ]
    if link:
        lines += ["", "There is no GitHub App yet. Create it here:", f"  open {link}"]
    if not server.public_url:
        lines += ["", "GitHub must reach the webhook: set FIXBUGS_PUBLIC_URL to the address it has from outside."]
    print("\n".join(lines), flush=True)


# -------------------------------------------------------------- arguments


def queues(text: str) -> tuple[str, ...]:
    """Names of queues out of "gather,fix". Raises ArgumentTypeError for an unknown one."""
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    unknown = [name for name in names if name not in QUEUES]
    if unknown or not names:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown) or text!r} is none of {', '.join(QUEUES)}")
    return names


def count(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 64")
    return int(text)


def look_back_s(text: str) -> float:
    """Seconds from "90m", "12h" or "3d". Raises ArgumentTypeError for anything else."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([mhd])", text.strip())
    value_s = float(match[1]) * {"m": 60, "h": 3600, "d": 86400}[match[2]] if match else 0.0
    if value_s <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time: use 90m, 12h or 3d")
    return value_s
