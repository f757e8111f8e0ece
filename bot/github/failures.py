"""Turns what GitHub answered, or that it did not, into our errors: what was asked, what it said, what to do. Sends
nothing, and never puts a header or a signed address into a message."""

from __future__ import annotations

import json
from email.utils import parsedate_to_datetime

import httpx

from bot.core.errors import Absent, Conflict, FixbugsError, Forbidden, Permanent, Transient, Unauthorized

SECONDARY_LIMIT_S = 60.0  # what GitHub asks for when it names no time
LONGEST_WAIT_S = 3600.0  # a primary limit is reset every hour; more is a wrong clock or a broken header
SKEW_S = 30.0  # a clock this far from GitHub's is worth a word
_SAID_CHARS = 300
_ERRORS_SHOWN = 3


def failure(what: str, response: httpx.Response, now: float) -> FixbugsError:
    """The error for an answer that is not 2xx. `what` was asked ("read issue acme/shop#12"), `now` is our time in
    seconds since 1970."""
    status = response.status_code
    said = told(response)
    text = f"GitHub refused to {what}: {status} {said}."
    if status == 401:
        return Unauthorized(f"{text} {_unauthorized_advice(response, said, now)}")
    if (wait_s := limit_wait_s(response, now)) is not None:
        return Transient(f"GitHub limits our requests, so we could not {what}: {status} {said}.", wait_s)
    if status == 403 and _by_rule(said):
        return Conflict(f"{text} {_conflict_advice(said)}")
    if status in (403, 451):
        return Forbidden(f"{text} {_forbidden_advice(response, said)}")
    if status in (404, 410):
        return Absent(f"GitHub could not {what}: {status} {said}. It is gone, or the App may not see it.")
    if status in (409, 422):
        return Conflict(f"{text} {_conflict_advice(said)}".rstrip())
    if status in (408, 425) or status >= 500:
        return Transient(f"GitHub failed to {what}: {status} {said}. It is tried again.", _named_wait_s(response))
    return Permanent(f"{text} This is not an answer that FixBugs knows how to go on from.")


def unreachable(what: str, error: httpx.HTTPError) -> FixbugsError:
    """The error for a request that got no answer."""
    if isinstance(error, httpx.TimeoutException):
        return Transient(f"GitHub did not answer in time when we wanted to {what}. It is tried again.")
    if isinstance(error, httpx.TooManyRedirects):
        return Permanent(f"GitHub sent us in a circle when we wanted to {what}.")
    if isinstance(error, httpx.UnsupportedProtocol):
        return Permanent(f"We could not {what}: check the API address in FIXBUGS_GITHUB_API_URL.")
    reason = str(error) or type(error).__name__
    return Transient(
        f"GitHub could not be reached, so we could not {what} ({reason}). It is tried again; if this stays, check the "
        "network of this machine and FIXBUGS_GITHUB_API_URL."
    )


def told(response: httpx.Response) -> str:
    """What an answer says in words, on one line and capped: GitHub's message and the first of its details."""
    try:
        data = json.loads(response.content)
    except (ValueError, httpx.ResponseNotRead, httpx.StreamConsumed):
        return response.reason_phrase or "without a reason"
    if not isinstance(data, dict):
        return response.reason_phrase or "without a reason"
    parts = [str(data.get("message") or response.reason_phrase or "without a reason")]
    errors = data.get("errors")
    for error in errors[:_ERRORS_SHOWN] if isinstance(errors, list) else [errors] if isinstance(errors, str) else []:
        if isinstance(error, dict):
            fields = (error.get("message"), error.get("resource"), error.get("field"), error.get("code"))
            parts.append(str(fields[0]) if fields[0] else " ".join(str(part) for part in fields[1:] if part))
        elif isinstance(error, str):
            parts.append(error)
    line = " ".join("; ".join(part for part in parts if part).split()).rstrip(".")
    return line if len(line) <= _SAID_CHARS else f"{line[:_SAID_CHARS]}…"


def limit_wait_s(response: httpx.Response, now: float) -> float | None:
    """How long GitHub wants to hear nothing more of us; None when this answer is about no limit of requests."""
    if response.status_code not in (403, 429):
        return None
    spent = response.headers.get("x-ratelimit-remaining") == "0"
    words = told(response).lower()
    limited = spent or "retry-after" in response.headers or "rate limit" in words or "abuse detection" in words
    if response.status_code == 403 and not limited:
        return None
    named = _named_wait_s(response)
    if named is not None:
        return named
    reset = _number(response.headers.get("x-ratelimit-reset"))
    if spent and reset is not None:
        # GitHub's own clock tells how far off its reset is, whatever ours says.
        theirs = their_time(response)
        return min(max(reset - (now if theirs is None else theirs), 1.0), LONGEST_WAIT_S)
    return SECONDARY_LIMIT_S


def their_time(response: httpx.Response) -> float | None:
    """When GitHub says that it answered, in seconds since 1970."""
    try:
        return parsedate_to_datetime(response.headers["date"]).timestamp()
    except (KeyError, ValueError, TypeError):
        return None


def skew_s(response: httpx.Response, now: float) -> float:
    """How far GitHub's clock is ahead of ours; 0 when it is close, or it does not say."""
    theirs = their_time(response)
    return theirs - now if theirs is not None and abs(theirs - now) > SKEW_S else 0.0


def _named_wait_s(response: httpx.Response) -> float | None:
    """Retry-After in seconds, whether it is a number or a date."""
    value = response.headers.get("retry-after", "").strip()
    if not value:
        return None
    if (seconds := _number(value)) is not None:
        return min(max(seconds, 1.0), LONGEST_WAIT_S)
    try:
        at = parsedate_to_datetime(value).timestamp()
    except (ValueError, TypeError):
        return SECONDARY_LIMIT_S
    theirs = their_time(response)
    return SECONDARY_LIMIT_S if theirs is None else min(max(at - theirs, 1.0), LONGEST_WAIT_S)


def _number(text: str | None) -> float | None:
    return float(text) if text and text.strip().isdigit() else None


def _unauthorized_advice(response: httpx.Response, said: str, now: float) -> str:
    off_s = skew_s(response, now)
    words = said.lower()
    if off_s or "'exp'" in words or "'iat'" in words or "issued at" in words or "expiration" in words:
        amount = (
            f" is {abs(off_s):.0f} s {'behind' if off_s > 0 else 'ahead of'} GitHub's" if off_s else " may be wrong"
        )
        return f"This machine's clock{amount}: set it right (NTP), then try again."
    return (
        "The App's private key or id is not accepted: it may have been revoked. Make a new key on the App's settings "
        "page and give it to FixBugs (FIXBUGS_GITHUB_APP_ID, FIXBUGS_GITHUB_PRIVATE_KEY, or /setup)."
    )


def _forbidden_advice(response: httpx.Response, said: str) -> str:
    words = said.lower()
    if "suspended" in words:
        return "The App's installation is suspended: its owner can unsuspend it in the account's settings."
    if "archived" in words:
        return "The repository is archived and takes no changes: unarchive it and ask again."
    if "not accessible by integration" in words:
        needed = response.headers.get("x-accepted-github-permissions", "").strip()
        which = f" ({needed})" if needed else ""
        return (
            f"The App lacks a permission for this{which}: grant it on the App's page and accept it in the repository."
        )
    if response.status_code == 451:
        return "It was taken down for legal reasons."
    return "The App is not allowed to do this here: check its permissions and the repository's rules."


def _by_rule(said: str) -> bool:
    """Whether a branch's protection or a repository's rules refused it, which GitHub says with 403, 409 or 422."""
    words = said.lower()
    return "protected branch" in words or "protected ref" in words or "rule violation" in words


def _conflict_advice(said: str) -> str:
    words = said.lower()
    if _by_rule(said):
        return "A rule of the repository protects this: let the App pass it, or choose another branch."
    if "fast forward" in words or "fast-forward" in words:
        return "The branch has moved since."
    if "empty" in words:
        return "The repository has no commits yet."
    return ""
