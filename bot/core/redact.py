"""Takes secrets out of text before it is kept or shown. Pure. Hidden text is `sanitize`'s business.

Every shape is found by a literal marker and then matched right there, by a pattern that cannot go back over what it
read: the whole is linear in the text, whatever the text. No line is added or taken away. A value that only its name
calls a secret (`password = …`) goes when it looks random, so that a test's `password = "hunter2"` stays readable.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_ROUNDS = 4
_KEY_LINES = 150  # an RSA key of 8,192 bits has 100
_BEGIN = re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_END = re.compile(r"-----END [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_BODY = re.compile(r"[A-Za-z0-9+/=]{16,}+")
_WHOLE_BODY = re.compile(r"[A-Za-z0-9+/=]{40,}+")  # where the end is not in sight
_RUN = re.compile(r"[A-Za-z0-9]+")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{32,}")
_TURN = re.compile(
    r"(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])"
    r"|(?<=[a-z])(?=[A-Z](?:[A-Z]|[a-z][A-Z]))|(?<=[A-Z])(?=[a-z][A-Z])"  # as in no camelCase name
)


@dataclass(frozen=True, slots=True)
class _Shape:
    """A kind of secret. `pattern` is matched where one of `markers` stands; its group `secret` goes when `judge` says
    so."""

    name: str
    markers: tuple[str, ...]
    pattern: re.Pattern[str]
    judge: Callable[[str], bool]


def redacted(text: str) -> tuple[str, tuple[str, ...]]:
    """The text with each secret replaced by `[redacted: <kind>]`, and one note for each kind ("2 GitHub tokens were
    removed"). Doing it twice changes nothing more."""
    counts: Counter[str] = Counter()
    for _ in range(_ROUNDS):  # one is enough but where a secret runs into the first line of a private key
        before = text
        if "PRIVATE KEY" in text:
            text = _without_private_keys(text, counts)
        text = _without_tokens(text, counts)
        if text == before or "PRIVATE KEY" not in text:
            break
    notes = (f"{n} {name}{' was' if n == 1 else 's were'} removed" for name, n in counts.items())
    return text, tuple(notes)


def _without_tokens(text: str, counts: Counter[str]) -> str:
    parts: list[str] = []
    position = 0
    for start, end, name in _spans(text):
        counts[name] += 1
        parts += [text[position:start], _mark(name)]
        position = end
    return "".join([*parts, text[position:]])


def _mark(name: str) -> str:
    return f"[redacted: {name}]"


def _spans(text: str) -> Iterator[tuple[int, int, str]]:
    """Where the secrets are. Those that touch each other come as one, under the first one's name."""
    found: list[tuple[int, int, int, str]] = []
    for rank, shape in enumerate(_SHAPES):
        for marker in shape.markers:
            at = text.find(marker)
            while at >= 0:
                match = shape.pattern.match(text, at)
                if match and shape.judge(match["secret"]):
                    found.append((*match.span("secret"), rank, shape.name))
                    at = text.find(marker, match.end())
                else:
                    at = text.find(marker, at + len(marker))
    found.sort(key=lambda span: (span[0], span[2]))
    current: tuple[int, int, str] | None = None
    for start, end, _, name in found:
        if current and start < current[1]:
            current = (current[0], max(end, current[1]), current[2])
            continue
        if current:
            yield current
        current = (start, end, name)
    if current:
        yield current


# --------------------------------------------------------------- judgement
#
# Each judge is monotone: what holds for a part of a value holds for the value. So a value that was cut short by the
# redaction of its neighbour is not judged differently the second time.


def _always(value: str) -> bool:
    return True


def _shown_password(value: str) -> bool:
    """Not masked already ("x-access-token:***")."""
    return any(c.isalnum() for c in value.partition(":")[2])


def _random(value: str) -> bool:
    """Letters and digits are mixed as nobody mixes them in a name: "Tr0ub4dor" is, "ed25519.Ed25519Key" is not."""
    turns = [len(_TURN.findall(run[0])) for run in _RUN.finditer(value)]
    return max(turns, default=0) >= 3 or sum(turns) >= 5 or any(_mixed(run[0]) for run in _BASE64.finditer(value))


def _long_random(value: str) -> bool:
    """For what begins as a key does: a long run of letters with a digit is enough."""
    return any(
        len(run[0]) >= 20 and len(set(run[0])) >= 10 and any(c.isdigit() for c in run[0])
        for run in _RUN.finditer(value)
    ) or _random(value)


def _mixed(run: str) -> bool:
    kinds = (str.isdigit, str.isupper, str.islower)
    return len(set(run)) >= 16 and all(any(map(kind, run)) for kind in kinds)


# ------------------------------------------------------------------ shapes


def _shape(name: str, marker: str, pattern: str, judge: Callable[[str], bool] = _always) -> _Shape:
    return _Shape(name, tuple(marker.split()), re.compile(pattern), judge)


def _token(name: str, marker: str, rest: str, judge: Callable[[str], bool] = _always) -> _Shape:
    """A token that begins with its marker and does not stand inside a word."""
    before = "".join(f"(?<![\\w-]{re.escape(m)})" for m in marker.split())
    heads = "|".join(re.escape(m) for m in marker.split())
    return _shape(name, marker, f"(?P<secret>(?:{heads}){before}{rest})", judge)


_NAMES = (
    "password Password PASSWORD passwd PASSWD passphrase PASSPHRASE secret Secret SECRET token Token TOKEN "
    "api_key api-key apikey apiKey ApiKey Api-Key API_KEY APIKEY API-KEY access_key access-key accessKey AccessKey "
    "ACCESS_KEY AccountKey private_key privateKey PRIVATE_KEY credential CREDENTIAL pwd PWD"
)
_NAME = "|".join(_NAMES.split())
_SUFFIX = (
    r"(?:[_-]?(?:[Kk]ey|KEY|[Vv]alue|VALUE|[Hh]ash|HASH|[Aa]ccess[_-]?[Kk]ey|ACCESS_KEY|[Bb]ase|BASE)){0,2}\d{0,2}"
)
_SIGN = r"(?:[\"']\]?)?[ \t]{0,4}+(?::=|=>|=|:)[ \t]{0,4}+"
# No ":" or "=" inside, so that no two values overlap; a plain one that goes on like code is code.
_VALUE = (
    r"(?:[\"'`](?P<quoted>)|)"
    r"(?P<secret>(?(quoted)[^\s\"'`\\:=\[\]]{8,}+|[^\s\"'`\\:=<>\[\]{}&,;()]{8,}+)={0,2}+)(?(quoted)|(?![(\[{]))"
)

_URL_PART = r"[^\s/:@?#\[\]\"'<>]"

# As their issuers document them.
_SHAPES = (
    _token("GitHub token", "ghp_ gho_ ghs_ ghu_ ghr_", r"\w{20,}+"),
    _token("GitHub token", "github_pat_", r"\w{22,}+"),
    _token("GitLab token", "glpat-", r"[\w-]{20,}+"),
    _token("AWS access key", "AKIA ASIA", r"[0-9A-Z]{16}(?![\w-])"),
    _token("Slack token", "xoxa- xoxb- xoxe- xoxo- xoxp- xoxr- xoxs- xapp-", r"[\w-]{10,}+"),
    _token("Google API key", "AIza", r"[\w-]{35}(?![\w-])"),
    _token("Google token", "ya29.", r"[\w-]{20,}+"),
    _token("Stripe key", "sk_live_ rk_live_ sk_test_ rk_test_ whsec_", r"\w{16,}+"),
    _token("API key", "sk-", r"[\w-]{20,}+", _long_random),
    _token("Hugging Face token", "hf_", r"\w{30,}+", _long_random),
    _token("SendGrid key", "SG.", r"[\w-]{16,}+\.[\w-]{16,}+"),
    _token("npm token", "npm_", r"[A-Za-z0-9]{36}(?![\w-])"),
    _token("PyPI token", "pypi-AgEI pypi-AgEN", r"[\w-]{50,}+"),
    _token("JSON web token", "eyJ", r"[\w-]{8,}+\.eyJ[\w-]{8,}+(?:\.[\w-]{8,}+)?"),
    _shape("webhook address", "hooks.slack.com/", r"hooks\.slack\.com/(?P<secret>(?:services|workflows)/[\w/-]{20,}+)"),
    _shape("webhook address", "/api/webhooks/", r"/api/webhooks/(?P<secret>\d{10,30}+/[\w-]{30,}+)"),
    _shape(
        "authorization header",
        "uthorization UTHORIZATION",
        rf"(?:uthorization|UTHORIZATION){_SIGN}[\"']?(?i:bearer|basic|token|bot|apikey)[ \t]{{1,4}}+"
        r"(?P<secret>[\w.~+/-]{8,}+={0,2}+)",
    ),
    _shape(
        "authorization header",
        "uthorization UTHORIZATION",
        rf"(?:uthorization|UTHORIZATION){_SIGN}{_VALUE}",
        _random,
    ),
    _shape("URL password", "://", rf"://(?P<secret>{_URL_PART}{{0,256}}+:{_URL_PART}{{1,256}}+)@", _shown_password),
    _shape("URL password", "://", rf"://(?P<secret>{_URL_PART}{{16,256}}+)@", _random),
    _shape("AWS secret key", "aws_secret AWS_SECRET", rf"\w{{10,40}}+{_SIGN}[\"']?(?P<secret>[\w/+]{{40}})(?![\w/+])"),
    _shape("secret value", _NAMES, rf"(?:{_NAME}){_SUFFIX}{_SIGN}{_VALUE}", _random),
    _shape("secret value", "--token --password --secret --api-key", rf"[a-z-]{{7,10}}[ \t]{_VALUE}", _random),
)


# ------------------------------------------------------------ private keys


def _without_private_keys(text: str, counts: Counter[str]) -> str:
    """Blacks the body out between a key's first and last line, whatever stands before it on each line (a log's
    times)."""
    parts: list[str] = []
    position = 0
    begins = list(_BEGIN.finditer(text))
    limits = [*(begin.start() for begin in begins[1:]), len(text)]
    for begin, limit in zip(begins, limits, strict=False):
        stop = _some_lines_on(text, begin.end(), limit)
        end = _END.search(text, begin.end(), stop)
        body, hidden = _closed(text[begin.end() : end.start()]) if end else _open(text[begin.end() : stop])
        parts += [text[position : begin.end()], body]
        position = end.start() if end else stop
        counts["private key"] += hidden > 0
    counts += Counter()  # drops zeros
    return "".join([*parts, text[position:]])


def _some_lines_on(text: str, position: int, limit: int) -> int:
    for _ in range(_KEY_LINES):
        position = text.find("\n", position, limit) + 1
        if position == 0:
            return limit
    return position


def _closed(body: str) -> tuple[str, int]:
    return _BODY.subn(_mark("private key"), body)


def _open(text: str) -> tuple[str, int]:
    """A key whose end was cut off: as far as its lines go on."""
    lines = text.split("\n")
    hidden = 0
    for number, line in enumerate(lines):
        lines[number], found = _WHOLE_BODY.subn(_mark("private key"), line)
        hidden += found
        if number and not found:
            break
    return "\n".join(lines), hidden
