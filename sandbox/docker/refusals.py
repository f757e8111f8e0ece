"""What an engine, or the way to it, refuses: as errors of ours, in plain words, with what to do. Asking it does not
belong here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import docker.errors
import requests

from bot.core.errors import EnvironmentBroken, FixbugsError, Permanent, SandboxUnavailable, Transient
from sandbox.docker.settings import DockerSettings

AWAY_S = 15.0  # before it is tried again: an engine that is restarted is back by then
SHOWN_CHARS = 300
INSTALL = (
    "install Docker (docs.docker.com/engine/install) and start it, or run with `--sandbox namespace` for code that "
    "you trust more"
)
ROOM = (
    "No space left on the disk of the Docker engine. Make room there (`docker system df` shows what takes it; "
    "`fixbugs doctor --clean --environments` removes what FixBugs built), then run again."
)
NO_IMAGE = (
    "no such image",
    "pull access denied",
    "manifest unknown",
    "not found: manifest",
    "repository does not exist",
)
GONE = ("no such container", "no such exec", "is not running", "is marked for removal", "is paused", "is restarting")
NO_GUEST = ("alert unknown ca", "alert certificate", "alert bad certificate", "eof occurred")
LACKS = re.compile(r'exec: \\?"([^"\\]+)\\?": (?:executable file not found|stat [^:]*: no such file)')
PLUMBING = re.compile(r"\((?:_ssl|_http)\.c:\d+\)|<[^<>]* object at 0x[0-9a-f]+>:?|\[[A-Z0-9_:]+(?: [A-Z0-9_]+)?\]")


@contextmanager
def engine_errors(doing: str) -> Iterator[None]:
    """Turns what the engine, or the way to it, refuses into our errors. `doing` completes "The engine could not …"."""
    try:
        yield
    except docker.errors.APIError as error:
        raise refusal(error, doing) from error
    except (requests.RequestException, docker.errors.DockerException, OSError) as error:
        if timed_out(error):
            raise Transient(
                f"The Docker engine did not answer in time while it should {doing}. Its machine may be overloaded, or "
                "the engine hangs: see `docker info` and the engine's log.",
                AWAY_S,
            ) from error
        raise Transient(
            f"The Docker engine went away while it should {doing} ({in_short(error)}). Does it run (`docker info`)?",
            AWAY_S,
        ) from error


def refusal(error: docker.errors.APIError, doing: str) -> FixbugsError:
    """The engine's own refusal as one of our errors."""
    said = str(error.explanation or error)
    low = said.lower()
    lacks = LACKS.search(said)
    if is_full(low):
        return Permanent(ROOM)
    if lacks:
        return EnvironmentBroken(lacking(lacks[1]))
    if "exec format error" in low or "does not match the specified platform" in low:
        return EnvironmentBroken(
            f"The Docker engine could not {doing}: the image is made for another kind of processor ({in_short(said)})."
        )
    if any(words in low for words in NO_IMAGE):
        return EnvironmentBroken(f"The Docker engine could not {doing}: the image is not to be had ({in_short(said)}).")
    if "unknown runtime" in low or "unknown or invalid runtime" in low:
        return SandboxUnavailable(
            f"The Docker engine does not know the runtime of FIXBUGS_DOCKER_RUNTIME ({in_short(said)}). Add it to the "
            "engine's daemon.json, or unset the variable."
        )
    if "permission denied" in low or error.status_code in (401, 403):
        return SandboxUnavailable(f"The Docker engine does not allow it to {doing}: {in_short(said)}")
    if (error.status_code is not None and error.status_code >= 500) or any(words in low for words in GONE):
        return Transient(f"The Docker engine could not {doing}: {in_short(said)}")
    return Permanent(f"The Docker engine could not {doing}: {in_short(said)}")


def is_full(text: str) -> bool:
    """Whether the engine speaks of a disk that is full."""
    return any(words in text.lower() for words in ("no space left on device", "disk quota"))


def lacking(program: str) -> str:
    """What to say of an image without a program that every sandbox needs."""
    return (
        f"The image has no `{program}`. A sandbox needs Python 3.8 or newer as `python3`, and `timeout` and `cat`: "
        "take an image that has them, or install them in it."
    )


def unreachable(settings: DockerSettings, error: BaseException) -> str:
    """Why nothing can be asked of an engine at all, and what to do."""
    where = settings.host or "this machine"
    low = str(error).lower()
    if "client sent an http request to an https server" in low:
        return (
            f"The Docker engine at {where} speaks TLS only: set DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to the "
            "folder of ca.pem, cert.pem and key.pem."
        )
    hung_up = settings.cert_path and ("reset by peer" in low or "closed connection" in low)
    if hung_up or "certificate" in low or "ssl" in low or "tls" in low:
        why = _of_tls("eof occurred" if hung_up else low, error)
        return f"The Docker engine at {where} and DOCKER_CERT_PATH do not fit together: {why}"
    if "permission denied" in low:
        return (
            f"The Docker engine at {where} does not let this user in. Add the user to the group `docker` (then log in "
            "again), or run as one who may."
        )
    if "no such file or directory" in low or "filenotfounderror" in low:
        return f"There is no Docker engine at {where}: {INSTALL}."
    if "connection refused" in low:
        return f"The Docker engine at {where} is not running: start it (`systemctl start docker`), then run again."
    if timed_out(error):
        return (
            f"The Docker engine at {where} does not answer in time: see that DOCKER_HOST is right, that no firewall is "
            "in the way, and that the engine does not hang (`docker info`)."
        )
    return (
        f"The Docker engine at {where} does not answer ({in_short(error)}): see that DOCKER_HOST is right and it runs."
    )


def _of_tls(low: str, error: BaseException) -> str:
    if "certificate has expired" in low:
        return "the engine's certificate has expired. Give it a new one."
    if "alert certificate expired" in low:
        return "the engine says that cert.pem has expired. Make a new one."
    if "not valid for" in low or "doesn't match" in low or ("mismatch" in low and "hostname" in low):
        return f"the engine's certificate is made for another address ({in_short(error)})"
    if any(words in low for words in NO_GUEST):
        return f"the engine does not take cert.pem: have it signed by the CA that the engine trusts ({in_short(error)})"
    if "unable to get local issuer" in low or "self-signed" in low or "self signed" in low:
        return f"the engine's certificate is not signed by ca.pem ({in_short(error)})"
    return in_short(error)


def timed_out(error: BaseException) -> bool:
    """Whether nobody answered, which may be wrapped in an error of the library's."""
    return isinstance(error, requests.Timeout | TimeoutError) or "timed out" in str(error).lower()


def in_short(error: object) -> str:
    """An error's own words, without the wrapping of the libraries that it went through."""
    cause = innermost(error)
    said = (cause.strerror if isinstance(cause, OSError) else None) or str(cause)
    text = " ".join(PLUMBING.sub(" ", said).split())
    return text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]}…"


def innermost(error: object) -> object:
    """The error that libraries wrapped in their own, as its `reason` or as one of its arguments."""
    while isinstance(error, BaseException):
        inside = [getattr(error, "reason", None), *reversed(error.args)]
        found = next((one for one in inside if isinstance(one, BaseException)), None)
        if found is None:
            break
        error = found
    return error
