"""From the text of `.github/fixbugs.yml` to a Policy, or to everything that is wrong with it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from jsonschema import Draft202012Validator  # type: ignore[import-untyped] # it ships no types

from bot.core.forge import Role
from bot.core.policy import Budget, OnFailedChecks, Policy, Wishes
from bot.repo_config.complaints import PolicyError, complaints
from bot.repo_config.document import Document, NotReadable, Spot, read_document

MAX_CHARS = 32_768
MAX_ERRORS = 20
MIN_TIME_S = 60.0
MAX_TIME_S = 6 * 3600.0
_EXCERPT_CHARS = 200
_TIME = re.compile(r"(?:(\d{1,3})h)?(?:(\d{1,4})m)?(?:(\d{1,5})s)?")
_NOT_TEXT = re.compile("[\ufffd\ud800-\udfff]")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


@dataclass(frozen=True, slots=True)
class PolicyErrors:
    """All that is wrong, in the order of the lines; at most so many as a person reads."""

    errors: tuple[PolicyError, ...]


def read_policy(text: str) -> Policy | PolicyErrors:
    """What a repository wants. An empty text, and every setting that is not written, means the default."""
    text = text.removeprefix("\ufeff")
    if len(text) > MAX_CHARS:
        said = f"The file has {len(text):,} characters; at most {MAX_CHARS:,} are read. Settings need far fewer."
        return _errors(text, [(Spot(1, 1), said)])
    if bad := _NOT_TEXT.search(text):
        line = text.count("\n", 0, bad.start()) + 1
        column = bad.start() - text.rfind("\n", 0, bad.start())
        return _errors(text, [(Spot(line, column), "The file is not in UTF-8: save it in that encoding.")])
    try:
        document = read_document(text)
    except NotReadable as exc:
        return _errors(text, [(exc.spot, str(exc))])
    value = _written({} if document.value is None else document.value)
    if found := list(_complaints(document, value)):
        return _errors(text, found)
    return _policy(_Settings(value))


@cache
def schema() -> Mapping[str, object]:
    """The published JSON Schema."""
    found: Mapping[str, object] = json.loads(files(__package__).joinpath("schema.json").read_text(encoding="utf-8"))
    return found


def seconds(text: str) -> float:
    """Of a time like "1h30m". Raises ValueError for anything else."""
    parts = _TIME.fullmatch(text)
    if parts is None or not text:
        raise ValueError(f"{text!r} is not a time like 30m.")
    hours, minutes, rest = (int(part or 0) for part in parts.groups())
    return float(hours * 3600 + minutes * 60 + rest)


def _complaints(document: Document, value: object) -> Iterator[tuple[Spot, str]]:
    broken = False
    for error in Draft202012Validator(schema()).iter_errors(value):
        broken = True
        yield from complaints(document, error)
    if broken or not isinstance(value, Mapping):
        return
    time_s = seconds(_Settings(value).text("budget", "time", default="30m"))
    if not MIN_TIME_S <= time_s <= MAX_TIME_S:
        yield document.values["budget", "time"], "`budget.time` must be between `1m` and `6h`."


def _written(value: object) -> object:
    """Without what has no value: a group whose lines are all comments counts as not written."""
    if isinstance(value, dict):
        return {key: _written(inner) for key, inner in value.items() if inner is not None}
    return value


def _policy(settings: _Settings) -> Policy:
    default = Policy()
    failed = settings.find("failed_checks", default=default.failed_checks.value)
    return Policy(
        label=settings.text("label", default=default.label),
        min_role=Role(settings.text("who", "role", default=default.min_role.value)),
        allowed=settings.texts("who", "also"),
        failed_checks=OnFailedChecks.OFF if failed is False else OnFailedChecks(failed),
        wishes=Wishes(
            setup=settings.text("setup").strip(),
            test=settings.text("test").strip(),
            report=settings.text("report"),
            image=settings.text("image"),
            folder=settings.text("folder").rstrip("/"),
        ),
        protected_paths=settings.texts("protected"),
        budget=Budget(seconds(settings.text("budget", "time", default="30m")), settings.number("budget", "cost")),
        models=tuple(sorted((key, settings.text("models", key)) for key in settings.names("models"))),
        draft=settings.find("pull_request", "draft", default=default.draft) is True,
        branch_prefix=settings.text("pull_request", "branch_prefix", default=default.branch_prefix),
    )


@dataclass(frozen=True, slots=True)
class _Settings:
    """Reads values that the schema has let through."""

    value: object

    def find(self, *path: str, default: object = None) -> object:
        found = self.value
        for key in path:
            if not isinstance(found, Mapping) or key not in found:
                return default
            found = found[key]
        return found

    def text(self, *path: str, default: str = "") -> str:
        return str(self.find(*path, default=default))

    def texts(self, *path: str) -> tuple[str, ...]:
        found = self.find(*path)
        return tuple(str(item) for item in found) if isinstance(found, list) else ()

    def number(self, *path: str) -> float | None:
        found = self.find(*path)
        return float(found) if isinstance(found, int | float) else None

    def names(self, *path: str) -> tuple[str, ...]:
        found = self.find(*path)
        return tuple(found) if isinstance(found, Mapping) else ()


def _errors(text: str, found: list[tuple[Spot, str]]) -> PolicyErrors:
    lines = text.split("\n")
    found.sort(key=lambda one: (one[0].line, one[0].column))
    errors = []
    for spot, message in found[:MAX_ERRORS]:
        line = lines[spot.line - 1] if spot.line <= len(lines) else ""
        shown = _UNSEEN.sub(lambda unseen: "→" if unseen[0] == "\t" else "", line.rstrip())
        errors.append(PolicyError(spot.line, spot.column, shown[:_EXCERPT_CHARS], message))
    return PolicyErrors(tuple(errors))
