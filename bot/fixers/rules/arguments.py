"""Arguments of calls: swapped, missing, too many, or passed on unchanged to a recursive call."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bot.fixers.kinds import Kind, dotted
from bot.fixers.precedence import summand
from bot.fixers.rules.names import candidates
from bot.fixers.site import Proposal, Rule, Site
from bot.fixers.source import FunctionNode


def swapped(site: Site) -> Iterator[Proposal]:
    for node in site.expressions:
        if isinstance(node, ast.Call):
            args = [a for a in node.args if not isinstance(a, ast.Starred)]
            for i, one in enumerate(args):
                for two in args[i + 1 :]:
                    if ast.dump(one) != ast.dump(two):
                        prior = 0.65 if len(args) == 2 else 0.45
                        yield site.swap(one, two, prior, f"swap `{site.code(one)}` and `{site.code(two)}` in the call")
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple) and len(node.slice.elts) == 2:
            one, two = node.slice.elts
            yield site.swap(one, two, 0.5, f"swap the indices of `{site.code(node)}`")
        elif isinstance(node, ast.Tuple) and len(node.elts) == 2:
            one, two = node.elts
            yield site.swap(one, two, 0.4, f"swap `{site.code(one)}` and `{site.code(two)}`")
        elif isinstance(node, ast.IfExp):
            yield site.swap(node.body, node.orelse, 0.5, "swap the two outcomes of the conditional expression")
        elif isinstance(node, ast.Dict) and len(node.keys) == 1 and node.keys[0] is not None:
            yield site.swap(node.keys[0], node.values[0], 0.2, "swap key and value")
        elif isinstance(node, ast.DictComp):
            yield site.swap(node.key, node.value, 0.35, "swap key and value")
        elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Subscript):
            one, two = node.slice, node.value.slice
            if not isinstance(one, ast.Slice) and not isinstance(two, ast.Slice):
                yield site.swap(one, two, 0.4, f"swap the indices of `{site.code(node)}`")


def dropped(site: Site) -> Iterator[Proposal]:
    for node in site.expressions:
        if not isinstance(node, ast.Call):
            continue
        head = site.code(node.func)
        parts = [site.code(a) for a in node.args] + [site.code(k) for k in node.keywords]
        wrong_call = "TypeError" in site.crash
        for index, part in enumerate(parts):
            rest = ", ".join(parts[:index] + parts[index + 1 :])
            said = f"call `{head}` without the argument `{part}`"
            yield site.replace(node, f"{head}({rest})", 0.4 if wrong_call else 0.15, said)


def added(site: Site) -> Iterator[Proposal]:
    """An argument left out: a parameter of the called function that got nothing, most of all its own namesake."""
    for node in site.expressions:
        if not isinstance(node, ast.Call):
            continue
        head = site.code(node.func)
        parts = [site.code(a) for a in node.args] + [site.code(k) for k in node.keywords]
        called = _called(site, node)
        if called is not None and not any(isinstance(a, ast.Starred) for a in node.args):
            for name, required in _missing(called, node):
                said = f"pass `{name}` on to `{head}`"
                if name in site.scope.names_before(node):
                    text = f"{head}({', '.join([*parts, name if required else f'{name}={name}'])})"
                    yield site.replace(node, text, 0.85 if required else 0.6, said)
                for other, weight in candidates(site, ast.copy_location(ast.Name(name), node), most=5):
                    value = other if required else f"{name}={other}"
                    yield site.replace(node, f"{head}({', '.join([*parts, value])})", 0.5 * weight if required else 0.2)
            continue
        if "TypeError" in site.crash or len(parts) < 2:
            for other, weight in candidates(site, node, most=6):
                prior = (0.5 if "TypeError" in site.crash else 0.08) * weight
                yield site.replace(node, f"{head}({', '.join([*parts, other])})", prior)


def well_known(site: Site) -> Iterator[Proposal]:
    """Keyword arguments of the standard library that change what a call means, forgotten or flipped."""
    for node in site.expressions:
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        head = site.code(node.func)
        parts = [site.code(a) for a in node.args] + [site.code(k) for k in node.keywords]
        given = {keyword.arg for keyword in node.keywords}
        for extra, prior in _KEYWORDS.get(name, ()):
            if extra.split("=")[0] not in given:
                yield site.replace(
                    node, f"{head}({', '.join([*parts, extra])})", prior, f"call `{head}` with `{extra}`"
                )
        for keyword in node.keywords:
            if isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, bool):
                flipped = f"{keyword.arg}={not keyword.value.value}"
                yield site.replace(keyword.value, str(not keyword.value.value), 0.6, f"call `{head}` with `{flipped}`")


_KEYWORDS: dict[str, tuple[tuple[str, float], ...]] = {
    "sorted": (("reverse=True", 0.45), ("key=len", 0.1), ("key=lambda item: item[1]", 0.12), ("key=str.lower", 0.12)),
    "sort": (("reverse=True", 0.45), ("key=len", 0.1), ("key=lambda item: item[1]", 0.12), ("key=str.lower", 0.12)),
    "split": (("1", 0.15),),
    "rsplit": (("1", 0.15),),
    "replace": (("1", 0.1),),
    "max": (("default=0", 0.35), ("default=None", 0.3), ("key=len", 0.1)),
    "min": (("default=0", 0.35), ("default=None", 0.3), ("key=len", 0.1)),
    "next": (("None", 0.4),),
    "get": (("0", 0.25), ("''", 0.15), ("[]", 0.15), ("{}", 0.1)),
    "pop": (("0", 0.35), ("None", 0.3), ("-1", 0.02)),
    "getattr": (("None", 0.3),),
    "zip": (("strict=True", 0.1),),
    "dumps": (("sort_keys=True", 0.25), ("ensure_ascii=False", 0.3), ("default=str", 0.2)),
    "mkdir": (("parents=True", 0.3), ("exist_ok=True", 0.35), ("parents=True, exist_ok=True", 0.35)),
    "makedirs": (("exist_ok=True", 0.6),),
    "open": (("encoding='utf-8'", 0.4), ("newline=''", 0.2)),
    "decode": (("errors='replace'", 0.2),),
    "splitlines": (("keepends=True", 0.25),),
    "add_argument": (("type=int", 0.35), ("action='store_true'", 0.3), ("type=float", 0.15), ("default=0", 0.1)),
    "sub": (("flags=re.IGNORECASE", 0.15),),
    "match": (("re.IGNORECASE", 0.15),),
    "search": (("re.IGNORECASE", 0.15),),
    "compile": (("re.IGNORECASE", 0.15), ("re.MULTILINE", 0.15)),
    "round": (("2", 0.2),),
    "sum": (("[]", 0.1), ("0.0", 0.02)),
    "strip": (("'/'", 0.05),),
    "field": (("default_factory=list", 0.2),),
}


def recursive(site: Site) -> Iterator[Proposal]:
    """A recursive call that passes an argument on unchanged, or the wrong step of it."""
    function = site.scope.function
    if function is None:
        return
    numbers = [n for n in site.scope.names_before(site.stmt) if Kind.NUMBER in site.scope.kind_of(ast.Name(n))]
    for node in site.expressions:
        if not isinstance(node, ast.Call) or _called(site, node) is not function:
            continue
        for arg in node.args:
            code = site.code(arg)
            if not isinstance(arg, ast.Name):
                continue
            kinds = site.scope.kind_of(arg)
            if not kinds or Kind.NUMBER in kinds:
                yield from (site.replace(arg, f"{code} {sign} 1", 0.6) for sign in "-+")
                yield from (site.replace(arg, f"{code} // 2", 0.2) for _ in (0,))
                for other in numbers[:8]:
                    if other != code:
                        yield site.replace(arg, f"{code} - {other}", 0.45)
                        yield site.replace(arg, f"{code} + {other}", 0.25)
            if not kinds & {Kind.NUMBER, Kind.TRUTH}:
                yield site.replace(arg, f"{code}[1:]", 0.5)
                yield site.replace(arg, f"{code}[:-1]", 0.3)


def combined(site: Site) -> Iterator[Proposal]:
    """A term left out of a sum: `x` for `x - offset`, anywhere a number is passed, returned or used as an index."""
    names = [n for n in site.scope.names_before(site.stmt) if Kind.NUMBER in site.scope.kind_of(ast.Name(n))][:5]
    for node in site.expressions:
        parent = site.source.parents.get(node)
        if not isinstance(node, ast.Name | ast.BinOp) or Kind.NUMBER not in site.scope.kind_of(node):
            continue
        if not isinstance(parent, ast.Call | ast.Return | ast.Subscript | ast.Slice | ast.Compare | ast.Assign):
            continue
        code = site.code(node)
        for other in names:
            if other not in code.split():
                yield site.replace(node, f"{summand(code)} + {other}", 0.16)
                yield site.replace(node, f"{summand(code)} - {other}", 0.16)


def _called(site: Site, node: ast.Call) -> FunctionNode | None:
    """The function of this file that a call names, if it can be told."""
    if isinstance(node.func, ast.Name):
        return site.scope.functions.get(node.func.id)
    if isinstance(node.func, ast.Attribute) and dotted(node.func.value) == site.scope.self_name != "":
        return site.scope.methods.get(node.func.attr)
    return None


def _missing(function: FunctionNode, node: ast.Call) -> list[tuple[str, bool]]:
    """Parameters that a call gives nothing for, in order; True when there is no default."""
    named = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
    first_default = len(named) - len(function.args.defaults)
    if named[:1] in (["self"], ["cls"]) and isinstance(node.func, ast.Attribute):
        named, first_default = named[1:], first_default - 1
    given = {keyword.arg for keyword in node.keywords}
    if None in given:
        return []
    return [(n, i < first_default) for i, n in enumerate(named) if i >= len(node.args) and n not in given]


RULES = (
    Rule("argument.swapped", "two arguments, indices or outcomes are swapped", 0.65, swapped),
    Rule("argument.added", "an argument was forgotten", 0.85, added),
    Rule("argument.dropped", "an argument too many is passed", 0.4, dropped),
    Rule("argument.keyword", "a standard option was forgotten or has the wrong value", 0.6, well_known),
    Rule("argument.recursive", "a recursive call passes an argument on without its step", 0.6, recursive),
    Rule("argument.term", "a term of a sum was forgotten", 0.16, combined),
)
