"""Maps tests as people and logs write them to the runner's own ids. Pure; knows pytest's and unittest's spellings."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_UNITTEST = re.compile(r"^(\w+) \(([\w.]+)\)")
_SUMMARY = re.compile(r"^(?:FAILED|ERROR|PASSED|FAIL:|ERROR:)\s+")
_REASON = re.compile(r" - .*$", re.DOTALL)
_COMPARED = 5000  # names that a misspelt one is compared with; a suite may have tens of thousands

Parts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Resolved:
    """`ids` in the runner's order of the first target that names each; `unknown` targets name no test or several in
    different files, and `suggestions` has what each may have meant."""

    ids: tuple[str, ...]
    unknown: tuple[str, ...] = ()
    suggestions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def resolve_targets(targets: Sequence[str], collection_ids: Sequence[str]) -> Resolved:
    """The collected tests that these targets stand for.

    A target is an id, a file or folder, a class, a parametrised test without its brackets, a unittest name
    (`pkg.mod.Class.test` or `test (pkg.mod.Class)`), a path from another machine that ends in one of these, or just a
    function's name when only one file has it.
    """
    index = _Index(collection_ids)
    found: dict[str, None] = {}
    unknown: list[str] = []
    suggestions: dict[str, tuple[str, ...]] = {}
    for target in dict.fromkeys(targets):
        ids, meant = index.find(target)
        found.update(dict.fromkeys(ids))
        if not ids:
            unknown.append(target)
            suggestions[target] = meant
    return Resolved(tuple(found), tuple(unknown), suggestions)


class _Index:
    """The collected ids by every run of name parts that ends at a file, class or function."""

    def __init__(self, ids: Sequence[str]) -> None:
        self._ids = ids
        self._known = set(ids)
        self._from_top: dict[Parts, list[str]] = defaultdict(list)
        self._from_inside: dict[Parts, list[str]] = defaultdict(list)
        for test_id in ids:
            parts = _parts(test_id.partition("[")[0])
            file_level = len(_parts(test_id.partition("::")[0]))
            for stop in range(1, len(parts) + 1):
                self._from_top[parts[:stop]].append(test_id)
                for start in range(1, stop if stop >= file_level else 0):
                    self._from_inside[parts[start:stop]].append(test_id)

    def find(self, target: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The ids a target stands for, or else what it may have meant."""
        written = _plain(target)
        if written in self._known:
            return (written,), ()
        name, bracket, parameters = written.partition("[")
        ids, ambiguous = self._named(_parts(name))
        if bracket:
            ids = [test_id for test_id in ids if test_id.endswith(f"[{parameters}")]
        if ids:
            return tuple(dict.fromkeys(ids)), ()
        return (), tuple(ambiguous[:3]) or self._close(name)

    def _named(self, parts: Parts) -> tuple[list[str], list[str]]:
        """The ids with this name, or the several that it could be."""
        if not parts:
            return [], []
        if parts in self._from_top:
            return self._from_top[parts], []
        inside = self._from_inside.get(parts, [])
        if inside:
            one_file = len({test_id.partition("::")[0] for test_id in inside}) == 1
            return (inside, []) if one_file else ([], inside)
        for start in range(1, len(parts) - 1):  # a path from another machine
            if parts[start:] in self._from_top:
                return self._from_top[parts[start:]], []
        return [], []

    def _close(self, name: str) -> tuple[str, ...]:
        """Ids with a similar name: of the function when the target names one, else of the file."""
        parts = _parts(name)
        if not parts:
            return ()
        wants_file = "::" not in name and name.endswith(".py")
        spelled: dict[str, str] = {}
        for test_id in self._ids:
            path, _, rest = test_id.partition("[")[0].partition("::")
            spelled.setdefault(path if wants_file else rest.rpartition("::")[2], path if wants_file else test_id)
        if len(spelled) > _COMPARED:
            words = {word for word in re.split(r"[\W_]+", parts[-1]) if len(word) > 3}
            spelled = {key: value for key, value in spelled.items() if any(word in key for word in words)}
        near = difflib.get_close_matches(name if wants_file else parts[-1], list(spelled)[:_COMPARED], n=3, cutoff=0.6)
        return tuple(spelled[key] for key in near)


def _plain(target: str) -> str:
    """A target without what a shell, a summary line or another system puts around it."""
    text = _REASON.sub("", _SUMMARY.sub("", target.strip().strip("`'\""))).strip()
    if match := _UNITTEST.match(text):
        test, holder = match[1], match[2].removeprefix("__main__.")
        return holder if holder.endswith(f".{test}") else f"{holder}.{test}"
    path, separator, rest = text.partition("::")
    return path.replace("\\", "/").removeprefix("./").rstrip("/") + separator + rest


def _parts(name: str) -> Parts:
    """The name in parts, spelled alike for paths and dotted names."""
    path, _, rest = name.partition("::")
    pieces = [*path.removesuffix(".py").replace(".py/", "/").split("/"), *rest.split("::")]
    if "/" not in path and not path.endswith(".py"):
        pieces = [*path.split("."), *rest.split("::")]
    return tuple(piece for piece in pieces if piece not in ("", "."))
