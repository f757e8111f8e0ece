"""Method, attribute and function names: what Python suggests ("Did you mean"), and the pairs people confuse."""

from __future__ import annotations

import ast
import builtins
import difflib
import re
from collections.abc import Iterator, Sequence

from bot.fixers.kinds import CONTAINERS
from bot.fixers.site import Proposal, Rule, Site

_CONFUSED: tuple[tuple[str, ...], ...] = (
    ("append", "extend"),
    ("append", "add", "insert"),
    ("add", "update"),
    ("append", "appendleft"),
    ("extend", "extendleft"),
    ("pop", "popleft"),
    ("remove", "discard", "pop"),
    ("keys", "values", "items"),
    ("min", "max"),
    ("any", "all"),
    ("startswith", "endswith"),
    ("lower", "upper", "title", "capitalize", "casefold", "swapcase"),
    ("strip", "lstrip", "rstrip"),
    ("removeprefix", "lstrip"),
    ("removesuffix", "rstrip"),
    ("find", "rfind", "index", "rindex"),
    ("split", "rsplit", "splitlines"),
    ("partition", "rpartition"),
    ("ljust", "rjust", "center", "zfill"),
    ("floor", "ceil", "trunc"),
    ("round", "int", "ceil"),
    ("isdigit", "isnumeric", "isdecimal", "isalnum", "isalpha", "isidentifier"),
    ("islower", "isupper"),
    ("union", "intersection", "difference", "symmetric_difference"),
    ("issubset", "issuperset", "isdisjoint"),
    ("match", "search", "fullmatch"),
    ("findall", "finditer"),
    ("sum", "max", "len"),
    ("sorted", "reversed", "list", "set"),
    ("list", "tuple"),
    ("int", "float"),
    ("str", "repr"),
    ("isinstance", "issubclass"),
    ("weekday", "isoweekday"),
    ("seconds", "total_seconds"),
    ("strftime", "strptime"),
    ("today", "now", "utcnow"),
    ("load", "loads"),
    ("dump", "dumps"),
    ("read", "readline", "readlines"),
    ("encode", "decode"),
    ("quote", "quote_plus"),
    ("unquote", "unquote_plus"),
    ("copy", "deepcopy"),
    ("heappush", "heappushpop"),
    ("bisect_left", "bisect_right"),
    ("bisect", "bisect_left"),
    ("combinations", "permutations", "product", "combinations_with_replacement"),
    ("setdefault", "get", "pop"),
    ("dirname", "basename"),
    ("parse_args", "parse_known_args"),
    ("store_true", "store_false"),
    ("sub", "subn"),
    ("sin", "cos"),
    ("log", "log2", "log10"),
    ("hour", "minute", "second"),
    ("year", "month", "day"),
    ("days", "seconds"),
    ("left", "right"),
    ("first", "last"),
    ("width", "height"),
    ("prev", "next"),
    ("start", "end", "stop"),
    ("x", "y"),
    ("row", "col"),
    ("rows", "cols"),
    ("parent", "child"),
    ("key", "value"),
    ("name", "stem"),
    ("suffix", "name"),
    ("before", "after"),
    ("head", "tail"),
    ("low", "high"),
    ("lo", "hi"),
)
_PRIORS = {"append extend": 0.75, "any all": 0.75, "min max": 0.7, "startswith endswith": 0.6, "add update": 0.6}
_MEANT = re.compile(r"[Dd]id you mean:? ['\"‘`]([^'\"’`]{1,80})['\"’`]")
_NO_ATTRIBUTE = re.compile(r"has no attribute ['\"](\w{1,80})['\"]")
_NO_NAME = re.compile(r"(?:name|variable) ['\"](\w{1,80})['\"]")
_UNEXPECTED = re.compile(r"unexpected keyword argument ['\"](\w{1,80})['\"]")


def _alternatives(name: str) -> Iterator[tuple[str, float]]:
    for group in _CONFUSED:
        if name in group:
            for other in group:
                if other != name:
                    pair = f"{name} {other}" if f"{name} {other}" in _PRIORS else f"{other} {name}"
                    yield other, _PRIORS.get(pair, 0.5 if len(group) < 4 else 0.4)


def confused(site: Site) -> Iterator[Proposal]:
    for node in site.expressions:
        parent = site.source.parents.get(node)
        called = isinstance(parent, ast.Call) and parent.func is node
        if isinstance(node, ast.Attribute):
            base = site.code(node.value)
            for other, prior in _alternatives(node.attr):
                if other == "total_seconds" and not called:
                    other = "total_seconds()"  # noqa: PLW2901 # the one pair of an attribute and a method
                yield site.replace(node, f"{base}.{other}", prior, f"use `.{other}` instead of `.{node.attr}`")
        elif isinstance(node, ast.Name) and called:
            for other, prior in _alternatives(node.id):
                if hasattr(builtins, other) or other in site.scope.functions:
                    yield site.replace(node, other, prior, f"call `{other}` instead of `{node.id}`")


def suggested(site: Site) -> Iterator[Proposal]:
    """The name the exception's message complains of, replaced by the one it suggests, or by the most alike."""
    for message in site.clues.messages:
        meant = _MEANT.findall(message)
        for wrong in _NO_ATTRIBUTE.findall(message):
            yield from _replace_attribute(site, wrong, meant)
        for wrong in _NO_NAME.findall(message):
            yield from _replace_name(site, wrong, meant)
        for wrong in _UNEXPECTED.findall(message):
            yield from _replace_keyword(site, wrong, meant)


def _replace_attribute(site: Site, wrong: str, meant: list[str]) -> Iterator[Proposal]:
    known = site.source.attribute_names
    for node in site.expressions:
        if isinstance(node, ast.Attribute) and node.attr == wrong:
            base = site.code(node.value)
            for rank, other in enumerate(_ranked(wrong, meant, known)):
                yield site.replace(node, f"{base}.{other}", 0.98 - 0.05 * rank, f"use `.{other}` instead of `.{wrong}`")


def _replace_name(site: Site, wrong: str, meant: list[str]) -> Iterator[Proposal]:
    known = [*site.scope.names_before(site.stmt), *site.scope.functions, *site.scope.module_constants]
    for node in site.expressions:
        if isinstance(node, ast.Name) and node.id == wrong:
            for rank, other in enumerate(_ranked(wrong, meant, known)):
                yield site.replace(node, other, 0.98 - 0.05 * rank, f"use `{other}` instead of `{wrong}`")
            if wrong in site.scope.attributes and site.scope.self_name:
                yield site.replace(node, f"{site.scope.self_name}.{wrong}", 0.97)
            if wrong in site.scope.methods and site.scope.self_name:
                yield site.replace(node, f"{site.scope.self_name}.{wrong}", 0.97)


def _replace_keyword(site: Site, wrong: str, meant: list[str]) -> Iterator[Proposal]:
    parameters = site.source.parameter_names
    for node in site.expressions:
        if not isinstance(node, ast.Call):
            continue
        for keyword in node.keywords:
            if keyword.arg == wrong:
                others = [site.code(a) for a in node.args] + [site.code(k) for k in node.keywords if k is not keyword]
                head, value = site.code(node.func), site.code(keyword.value)
                for rank, other in enumerate(_ranked(wrong, meant, parameters)):
                    text = f"{head}({', '.join([*others, f'{other}={value}'])})"
                    yield site.replace(node, text, 0.95 - 0.05 * rank, f"pass `{other}` instead of `{wrong}`")


def _ranked(wrong: str, meant: list[str], known: Sequence[str]) -> list[str]:
    near = difflib.get_close_matches(wrong, [k for k in dict.fromkeys(known) if k != wrong], n=4, cutoff=0.6)
    return list(dict.fromkeys(other for other in (*meant, *near) if other.isidentifier() and other != wrong))


def results_dropped(site: Site) -> Iterator[Proposal]:
    """A call whose result is thrown away, or that changes a container which should be replaced."""
    stmt = site.stmt
    if not isinstance(stmt, ast.Expr) or not isinstance(stmt.value, ast.Call):
        return
    call, function = stmt.value, stmt.value.func
    if not isinstance(function, ast.Attribute):
        return
    target, args = site.code(function.value), [site.code(a) for a in call.args]
    if isinstance(function.value, ast.Name | ast.Attribute | ast.Subscript):
        yield site.rewrite(stmt, f"{target} = {site.code(call)}", 0.5, f"keep the result of `{site.code(call)}`")
    if len(args) != 1:
        return
    if function.attr in ("update", "extend", "append", "add"):
        yield site.rewrite(stmt, f"{target} = {args[0]}", 0.4)
    if function.attr == "append":
        yield site.rewrite(stmt, f"{target} += {args[0]}", 0.2)
        yield site.rewrite(stmt, f"{target}.insert(0, {args[0]})", 0.35)


def results_kept(site: Site) -> Iterator[Proposal]:
    """The None of a changing method is kept, or a container replaced which should be changed."""
    stmt = site.stmt
    if not isinstance(stmt, ast.Assign) or len(stmt.targets) != 1:
        return
    target, value = stmt.targets[0], stmt.value
    function = value.func if isinstance(value, ast.Call) else None
    if isinstance(function, ast.Attribute) and function.attr in _CHANGING:
        said = "do not assign the `None` that a changing method returns"
        yield site.rewrite(stmt, site.code(value), 0.7, said)
    container = isinstance(target, ast.Subscript) or bool(site.scope.kind_of(target) & CONTAINERS)
    if container and not isinstance(value, ast.List | ast.Dict | ast.Set):
        for method in ("append", "add", "extend", "update"):
            yield site.rewrite(stmt, f"{site.code(target)}.{method}({site.code(value)})", 0.18)


_CHANGING = frozenset({"sort", "reverse", "append", "extend", "add", "update", "insert"})

RULES = (
    Rule("method.suggested", "a name is misspelt, as the exception says", 1.0, suggested),
    Rule("method.confused", "one of two methods people confuse", 0.75, confused),
    Rule(
        "method.dropped",
        "a result is thrown away, or a container changed that should be replaced",
        0.5,
        results_dropped,
    ),
    Rule("method.kept", "the None of a changing method is kept, or a container replaced", 0.7, results_kept),
)
