"""Settings out of the environment: the only place that reads it. Command-line flags belong to `bot.cli`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.core.errors import InputError
from bot.sandbox_settings import SandboxSettings
from bot.variables import Variables

OURS = re.compile(r"FIXBUGS_\w*|REDIS_URL")  # keys and passwords among them: nobody else's business


@dataclass(frozen=True, slots=True)
class Settings:
    """`cache_dir` keeps built environments, mirrors of repositories and results; `environ` is passed on to git and to
    dependency installation, of which each takes what it needs. No setting of ours is in it. `sandbox` is how code is to
    be isolated."""

    cache_dir: Path
    user: str
    environ: Mapping[str, str]
    sandbox: SandboxSettings = field(default_factory=SandboxSettings)

    @classmethod
    def load(cls, environ: Mapping[str, str], home: Path) -> Settings:
        """The cache is FIXBUGS_CACHE_DIR, else in XDG_CACHE_HOME, else in ~/.cache. Raises InputError naming a variable
        that is wrong."""
        named = environ.get("FIXBUGS_CACHE_DIR")
        base = Path(environ.get("XDG_CACHE_HOME") or home / ".cache")
        cache_dir = Path(named) if named else base / "fixbugs"
        passed_on = {name: value for name, value in environ.items() if not OURS.fullmatch(name)}
        user = environ.get("USER") or environ.get("LOGNAME") or "somebody"
        return cls(cache_dir.absolute(), user, passed_on, SandboxSettings.load(environ, home))


@dataclass(frozen=True, slots=True)
class AppCredentials:
    """Who we are on the forge. `private_key` is PEM."""

    app_id: int
    private_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """What web and worker processes need. `credentials` is None until the App exists.

    `lease_s` is how long a worker that died keeps a stage; `active_runs` and `active_runs_per_repository` bound what
    goes on at once; `notice_gap_s` is the least time between two edits of one comment. `setup_token` opens the set-up
    page ("" lets the server make one up); with `setup_print` that page shows new credentials instead of storing them.
    """

    redis_url: str = field(repr=False)
    credentials: AppCredentials | None
    credentials_file: Path
    api_url: str = "https://api.github.com"
    web_url: str = "https://github.com"
    public_url: str = ""
    lease_s: float = 30.0
    sweep_s: float = 5.0
    notice_gap_s: float = 3.0
    redeliver_s: float = 300.0
    active_runs: int = 4
    active_runs_per_repository: int = 2
    worker_threads: int = 8
    sandbox: str = "docker"
    setup_token: str = field(default="", repr=False)
    setup_print: bool = False

    @classmethod
    def load(cls, environ: Mapping[str, str], cache_dir: Path) -> ServerSettings:
        """From FIXBUGS_* variables (docs/server.md lists them). Raises InputError naming the variable that is wrong."""
        file = Path(environ.get("FIXBUGS_CREDENTIALS_FILE") or cache_dir / "credentials.json").absolute()
        text = Variables(environ)
        return cls(
            redis_url=environ.get("FIXBUGS_REDIS_URL") or environ.get("REDIS_URL") or "redis://localhost:6379/0",
            credentials=_credentials(environ, file),
            credentials_file=file,
            api_url=text.value("FIXBUGS_GITHUB_API_URL", "https://api.github.com").rstrip("/"),
            web_url=text.value("FIXBUGS_GITHUB_URL", "https://github.com").rstrip("/"),
            public_url=text.value("FIXBUGS_PUBLIC_URL", "").rstrip("/"),
            lease_s=text.number("FIXBUGS_LEASE_S", 30.0, float),
            sweep_s=text.number("FIXBUGS_SWEEP_S", 5.0, float),
            notice_gap_s=text.number("FIXBUGS_NOTICE_GAP_S", 3.0, float),
            redeliver_s=text.number("FIXBUGS_REDELIVER_S", 300.0, float),
            active_runs=text.number("FIXBUGS_ACTIVE_RUNS", 4, int),
            active_runs_per_repository=text.number("FIXBUGS_ACTIVE_RUNS_PER_REPOSITORY", 2, int),
            worker_threads=text.number("FIXBUGS_WORKER_THREADS", 8, int),
            sandbox=text.one_of("FIXBUGS_SANDBOX", ("docker", "namespace", "none")),
            setup_token=text.value("FIXBUGS_SETUP_TOKEN", ""),
            setup_print=text.flag("FIXBUGS_SETUP_PRINT"),
        )


def _credentials(environ: Mapping[str, str], file: Path) -> AppCredentials | None:
    """Out of the environment, else out of the file that the set-up page wrote."""
    app_id = environ.get("FIXBUGS_GITHUB_APP_ID", "").strip()
    if not app_id:
        return credentials_from(file) if file.is_file() else None
    if not app_id.isdigit():
        raise InputError(f"FIXBUGS_GITHUB_APP_ID is {app_id!r}: give the App's numeric id, from its settings page.")
    key = environ.get("FIXBUGS_GITHUB_PRIVATE_KEY", "").replace("\\n", "\n")
    key_file = environ.get("FIXBUGS_GITHUB_PRIVATE_KEY_FILE", "")
    if not key and key_file:
        try:
            key = Path(key_file).read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as exc:
            raise InputError(f"FIXBUGS_GITHUB_PRIVATE_KEY_FILE names {key_file}, which cannot be read: {exc}.") from exc
    secret = environ.get("FIXBUGS_GITHUB_WEBHOOK_SECRET", "")
    if not key.strip() or not secret:
        lacking = "FIXBUGS_GITHUB_PRIVATE_KEY (or …_FILE)" if not key.strip() else "FIXBUGS_GITHUB_WEBHOOK_SECRET"
        raise InputError(f"FIXBUGS_GITHUB_APP_ID is set, but {lacking} is not: set both, or open /setup.")
    return AppCredentials(int(app_id), key, secret)


def check_key(credentials: AppCredentials) -> None:
    """Raises InputError when the private key is none, so that a server says so when it starts and not when the first
    person asks."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey  # noqa: PLC0415 - a server's business only
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415 - as above

    try:
        usable = isinstance(load_pem_private_key(credentials.private_key.encode(), password=None), RSAPrivateKey)
    except (ValueError, TypeError):  # not PEM; an encrypted key
        usable = False
    if not usable:
        raise InputError(
            "The App's private key cannot be used: give the whole PEM file that GitHub made, from its BEGIN line to "
            "its END line."
        )


def credentials_from(file: Path) -> AppCredentials:
    """Out of a file that the set-up page wrote. Raises InputError when it cannot be read or lacks something."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        return AppCredentials(int(data["app_id"]), str(data["private_key"]), str(data["webhook_secret"]))
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise InputError(f"The credentials in {file} cannot be used ({exc}): open /setup to make new ones.") from exc
