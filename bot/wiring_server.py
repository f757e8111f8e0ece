"""Builds the adapters of a server's workers and bundles them: the only place that names those of GitHub and Redis.

Settings come in; nothing is read from the environment."""

from __future__ import annotations

from dataclasses import dataclass

import redis

from bot.core.errors import InputError, SandboxUnavailable
from bot.core.testing import Isolation
from bot.fixers import FIXERS
from bot.git import GitCode
from bot.github.client import GithubApp
from bot.github.credentials import GitCredentials
from bot.github.deliveries import GithubDeliveries
from bot.github.forge import GithubForge
from bot.github.reports import GithubReports
from bot.intake.desk import Desk
from bot.intake.redelivery import Redelivery
from bot.local.clock import SystemClock
from bot.locators import LOCATORS
from bot.ports import Deps
from bot.progress import SilentProgress
from bot.publishing.notices import LEASE_S, Notices
from bot.publishing.pull_requests import ForgePublisher
from bot.queue.broker import broker
from bot.queue.doorbell import DramatiqDoorbell
from bot.reproducers import REPRODUCERS
from bot.settings import AppCredentials, ServerSettings, Settings, credentials_from
from bot.store.redis_client import connect
from bot.store.redis_inbox import RedisInbox
from bot.store.redis_register import RedisRegister
from bot.store.redis_store import RedisStore
from bot.wiring_sandbox import SandboxChoice, choose_isolation, workbench_of
from bot.worker.server import Server
from sandbox.bubblewrap import INSTEAD

__all__ = ["Server", "build_redelivery", "build_server", "server_isolation"]


@dataclass(frozen=True)
class _Kept:
    """What a server keeps in Redis, and its doorbell."""

    client: redis.Redis
    inbox: RedisInbox
    doorbell: DramatiqDoorbell


def build_server(settings: Settings, server: ServerSettings) -> Server:
    """Connects to nothing yet. Raises InputError when there is no App or a setting cannot be used, SandboxUnavailable
    when this machine cannot isolate and nobody said that it need not."""
    isolation = server_isolation(settings, server)
    app, kept, clock = _app(server), _kept(server), SystemClock()
    forge = GithubForge(app)
    store = RedisStore(kept.client)
    register = RedisRegister(kept.client, active=server.active_runs, per_repository=server.active_runs_per_repository)
    lease_s = min(LEASE_S, server.lease_s)
    notices = Notices(forge, store, register, clock, server.notice_gap_s, lease_s)
    code = GitCode(settings.cache_dir / "repositories", settings.environ, credentials=GitCredentials(app))
    deps = Deps(
        clock=clock,
        reports=GithubReports(app, forge),
        code=code,
        store=store,
        workbench=workbench_of(settings, isolation),
        publisher=ForgePublisher(forge, code, store, register, notices, clock, lease_s),
        progress=SilentProgress(),
        locators=LOCATORS,
        reproducers=REPRODUCERS,
        fixers=FIXERS,
    )
    return Server(
        settings=server,
        deps=deps,
        store=store,
        register=register,
        inbox=kept.inbox,
        doorbell=kept.doorbell,
        desk=Desk(forge, store, register, kept.doorbell, notices, clock, schema_url=_schema_url(server)),
        notices=notices,
        redelivery=Redelivery(GithubDeliveries(app), kept.inbox, kept.doorbell, clock),
    )


def build_redelivery(server: ServerSettings) -> Redelivery:
    """Raises InputError when there is no App."""
    kept = _kept(server)
    return Redelivery(GithubDeliveries(_app(server)), kept.inbox, kept.doorbell, SystemClock())


def server_isolation(settings: Settings, server: ServerSettings) -> Isolation:
    """What isolates the code of repositories: containers, unless FIXBUGS_SANDBOX asks for less in so many words."""
    choice = SandboxChoice(server.sandbox)
    try:
        return choose_isolation(choice, settings.sandbox, unsafe_allowed=choice is SandboxChoice.NONE)
    except SandboxUnavailable as exc:
        raise SandboxUnavailable(f"The code of repositories cannot be isolated here. {for_servers(str(exc))}") from exc


def for_servers(reason: str) -> str:
    """Why there is no such sandbox, and what else an operator may choose."""
    plain = reason.removesuffix(f"; {INSTEAD}").replace("`--sandbox namespace`", "FIXBUGS_SANDBOX=namespace")
    return (
        f"{plain.rstrip('.')}. FIXBUGS_SANDBOX=none runs it as this user, without isolation: only for repositories "
        "that you trust like your own."
    )


def _kept(server: ServerSettings) -> _Kept:
    client = connect(server.redis_url)
    return _Kept(client, RedisInbox(client, held_s=2 * server.lease_s), DramatiqDoorbell(broker(server.redis_url)))


def _schema_url(server: ServerSettings) -> str:
    """Where our web side serves the schema of a repository's settings; "" when we do not know our own address."""
    return f"{server.public_url}/fixbugs.schema.json" if server.public_url else ""


def _app(server: ServerSettings) -> GithubApp:
    known = _credentials(server)
    return GithubApp(app_id=known.app_id, private_key=known.private_key, api_url=server.api_url, web_url=server.web_url)


def _credentials(server: ServerSettings) -> AppCredentials:
    if server.credentials is not None:
        return server.credentials
    if server.credentials_file.is_file():
        return credentials_from(server.credentials_file)
    raise InputError(
        "There is no GitHub App yet: start `fixbugs serve` (or `fixbugs up`) and open the set-up page that it names, "
        "or set FIXBUGS_GITHUB_APP_ID, FIXBUGS_GITHUB_PRIVATE_KEY_FILE and FIXBUGS_GITHUB_WEBHOOK_SECRET."
    )
