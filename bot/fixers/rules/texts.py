"""Text: format strings, prefixes, separators and case. Methods of text are in `methods.py`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise

from bot.fixers.kinds import Kind
from bot.fixers.site import Proposal, Rule, Site
from bot.fixers.source import Splice

_PLACE = re.compile(r"(?<!\{)\{([A-Za-z_][\w.]*)((?:![rsa])?(?::[^{}]*)?)\}(?!\})")
_ESCAPE = re.compile(r"\\[dwsb.]")
_DATE = {"%m": "%M", "%M": "%m", "%H": "%I", "%I": "%H", "%y": "%Y", "%Y": "%y", "%d": "%m", "%B": "%b", "%b": "%B"}
_SEPARATORS = ("' '", "','", "', '", "''", "'\\n'", "'-'", "'_'", "'.'", "':'", "';'", "'\\t'", "'/'")


def prefixes(site: Site) -> Iterator[Proposal]:
    """A forgotten f or r in front of a string."""
    for node in site.expressions:
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str | bytes):
            continue
        start, _ = site.source.span(node)
        code = site.code(node)
        if isinstance(node.value, str) and code[:1] in "'\"":
            names = [m.group(1).split(".")[0] for m in _PLACE.finditer(node.value)]
            if names and not _formatted(site, node):
                known = set(site.scope.names_before(node)) | {"self"}
                prior = 0.9 if all(name in known for name in names) else 0.3
                yield Proposal((Splice(start, start, "f"),), "make the string an f-string", prior)
            if _ESCAPE.search(code):
                yield Proposal((Splice(start, start, "r"),), "make the pattern a raw string", 0.3)
            yield Proposal((Splice(start, start, "b"),), "use bytes instead of text", 0.08 if len(code) < 8 else 0.02)
        elif isinstance(node.value, bytes):
            yield Proposal((Splice(start, start + 1, ""),), "use text instead of bytes", 0.2)


def _formatted(site: Site, node: ast.Constant) -> bool:
    parent = site.source.parents.get(node)
    return isinstance(parent, ast.Attribute) and parent.attr in ("format", "format_map")


def contents(site: Site) -> Iterator[Proposal]:
    """The wrong separator, case, format or pattern."""
    for node in site.expressions:
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        if isinstance(site.source.parents.get(node), ast.Expr):
            continue
        value, code = node.value, site.code(node)
        if len(value) <= 2:
            for rank, other in enumerate(_SEPARATORS):
                if other != code.replace('"', "'"):
                    yield site.replace(node, other, 0.2 - 0.008 * rank)
        if len(code) > 80 or "\n" in code:
            continue
        for match in re.finditer("%[a-zA-Z]", code):
            if match.group() in _DATE:
                text = code[: match.start()] + _DATE[match.group()] + code[match.end() :]
                yield site.replace(node, text, 0.45)
        for other, prior in _patterns(code):
            yield site.replace(node, other, prior)
        if value.strip() != value and len(value) > 1:
            yield site.replace(node, repr(value.strip()), 0.3)
        if value.isalpha() and len(value) > 1:
            for other in (value.lower(), value.upper(), value.capitalize()):
                yield site.replace(node, repr(other), 0.12)


def _patterns(code: str) -> Iterator[tuple[str, float]]:
    """Number formats and regular expressions: one quantifier, anchor or class changed."""
    for old, new, prior in (
        (".2f", ".1f", 0.2),
        (".1f", ".2f", 0.25),
        (".0f", ".2f", 0.2),
        ("%d", "%s", 0.2),
        ("%s", "%r", 0.1),
        (r"\d", r"\d+", 0.35),
        (r"\w", r"\w+", 0.3),
        (r"\s", r"\s*", 0.3),
        (".*", ".*?", 0.5),
        (".+", ".+?", 0.5),
        (".+", ".*", 0.4),
        (".*", ".+", 0.3),
        ("a-z", "a-zA-Z", 0.4),
        ("a-z]", "a-z0-9]", 0.3),
        ("A-Z]", "A-Z0-9]", 0.3),
        ("]+", "]*", 0.3),
        ("]*", "]+", 0.3),
        ("+", "*", 0.25),
        ("*", "+", 0.2),
        ("?", "", 0.15),
    ):
        if old in code and (old != new[: len(old)] or new not in code):
            yield (
                code.replace(old, new, 1),
                prior * (1.0 if "\\" in code or "[" in code or "%" in code or ":" in code else 0.3),
            )
    quote = code[-1:]
    if "\\" in code or "[" in code:
        if not code.endswith("$" + quote):
            yield f"{code[:-1]}${quote}", 0.35
        opening = code.index(quote) + 1
        if code[opening : opening + 1] != "^":
            yield f"{code[:opening]}^{code[opening:]}", 0.3
        if code[opening : opening + 1] == "^":
            yield f"{code[:opening]}{code[opening + 1 :]}", 0.2


def interpolations(site: Site) -> Iterator[Proposal]:
    """The wrong name, or its wrong form, inside an f-string."""
    for node in site.expressions:
        if not isinstance(node, ast.JoinedStr):
            continue
        start, _ = site.source.span(node)
        places = list(_PLACE.finditer(site.code(node)))
        names = site.scope.names_before(node)
        for match in places:
            low, high, name = start + match.start(1), start + match.end(1), match.group(1)
            own = site.scope.self_name
            near = [*names[:10], *(f"{own}.{attr}" for attr in site.scope.attributes if own)]
            for rank, other in enumerate(n for n in near if n != name):
                said = f"write `{other}` instead of `{name}` into the text"
                yield Proposal((Splice(low, high, other),), said, 0.5 / (1 + 0.1 * rank))
            kinds = site.scope.kinds.get(name, frozenset())
            for form, prior in (("{}.strip()", 0.1), ("{} + 1", 0.2), ("{} - 1", 0.12), ("len({})", 0.15)):
                if not kinds or (Kind.NUMBER in kinds) == ("1" in form):
                    yield Proposal((Splice(low, high, form.format(name)),), f"write `{form.format(name)}`", prior)
            if not match.group(2):
                yield Proposal((Splice(high, high, "!r"),), f"write `{name}` as its repr", 0.15)
                yield Proposal((Splice(high, high, ":.2f"),), f"write `{name}` with two decimals", 0.15)
                yield Proposal((Splice(high, high, ":02d"),), f"write `{name}` with two digits", 0.2)
        for one, two in pairwise(places):
            first = Splice(start + one.start(1), start + one.end(1), two.group(1))
            second = Splice(start + two.start(1), start + two.end(1), one.group(1))
            yield Proposal((first, second), f"swap `{one.group(1)}` and `{two.group(1)}` in the text", 0.5)


RULES = (
    Rule("text.prefix", "a string's prefix was forgotten", 0.9, prefixes),
    Rule("text.content", "a separator, format or pattern is wrong", 0.5, contents),
    Rule("text.interpolation", "the wrong name stands in an f-string", 0.5, interpolations),
)
