"""Reads other tools' YAML and JSON into plain text, lists and tables, whatever somebody put into them. What a document
means belongs to the file that asks for it.

Every scalar stays the text that is written there. Aliases are resolved, and nothing is ever made twice for them, so a
document cannot be much larger read than it was written.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from itertools import accumulate
from typing import TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from bot.core.tree import Tree

MAX_BYTES = 200_000  # of one file: hundreds of times what such a file needs
MAX_DEPTH = 40
MAX_NESTING = 200  # of brackets as they are written: each one that stays open costs the reader more than the last
MAX_MERGED = 2_000  # entries of one table, with those that it merges in

Value: TypeAlias = "str | list[Value] | dict[str, Value]"
JSON_NOISE = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/', re.S)


def small_text(tree: Tree, path: str) -> str:
    """A file's text; "" for none, or for one that is too large to be what its name says."""
    entry = tree.files.get(path)
    return "" if entry is None or len(entry.content) > MAX_BYTES else tree.text(path) or ""


@lru_cache(maxsize=64)  # a project is looked at several times, and reading takes a millisecond per few lines
def read_yaml(text: str) -> dict[str, Value]:
    """The document's top table, not to be changed; an empty one when it is none or cannot be read."""
    if _nesting(text) > MAX_NESTING:
        return {}
    try:
        node = YAML(typ="safe", pure=True).compose(text)
        found = _value(node, {}, 0) if node is not None else {}
    except (YAMLError, RecursionError, ValueError, TypeError, AttributeError):
        return {}
    return found if isinstance(found, dict) else {}


def read_json(text: str) -> dict[str, Value]:
    """As `read_yaml`, for JSON with comments and commas too many."""
    bare = JSON_NOISE.sub(lambda match: match[0] if match[0].startswith('"') else " ", text)
    try:
        found = json.loads(re.sub(r",(\s*[}\]])", r"\1", bare))
    except (ValueError, RecursionError):
        return {}
    plain = _plain(found, 0)
    return plain if isinstance(plain, dict) else {}


def table(of: dict[str, Value], *names: str) -> dict[str, Value]:
    """The table under these names, one inside the other; an empty one where there is none."""
    for name in names:
        value = of.get(name)
        of = value if isinstance(value, dict) else {}
    return of


def text(of: dict[str, Value], name: str) -> str:
    value = of.get(name)
    return value if isinstance(value, str) else ""


def items(value: Value | None) -> list[Value]:
    """A list's items; one text as a list of it."""
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, str) and value else []


def pairs(value: Value | None) -> tuple[tuple[str, str], ...]:
    """Names and values out of a table, or out of a list of "NAME=value"."""
    if isinstance(value, dict):
        return tuple((name, one) for name, one in value.items() if isinstance(one, str))
    split = (one.partition("=") for one in items(value) if isinstance(one, str) and "=" in one)
    return tuple((name.strip(), one) for name, _, one in split)


def _nesting(text: str) -> int:
    """How many brackets are open at once at most, wherever they stand."""
    steps = (1 if bracket in "[{" else -1 for bracket in re.findall(r"[\[\]{}]", text))
    return max(accumulate(steps), default=0)


def _value(node: Node, known: dict[int, Value], depth: int) -> Value:
    if depth > MAX_DEPTH:
        raise ValueError("nested too deeply")
    if id(node) in known:
        return known[id(node)]
    if isinstance(node, ScalarNode):
        found: Value = str(node.value)
    elif isinstance(node, SequenceNode):
        found = [_value(one, known, depth + 1) for one in node.value]
    elif isinstance(node, MappingNode):
        found = _table(node, known, depth)
    else:
        found = ""
    known[id(node)] = found
    return found


def _table(node: MappingNode, known: dict[int, Value], depth: int) -> dict[str, Value]:
    merged: dict[str, Value] = {}
    own: dict[str, Value] = {}
    for key, value in node.value:
        if not isinstance(key, ScalarNode):
            continue
        read = _value(value, known, depth + 1)
        if key.value == "<<":
            for one in read if isinstance(read, list) else [read]:
                merged.update(one if isinstance(one, dict) else {})
        else:
            own[str(key.value)] = read
        if len(merged) + len(own) > MAX_MERGED:
            raise ValueError("too many entries")
    return {**merged, **own}


def _plain(value: object, depth: int) -> Value:
    if depth > MAX_DEPTH:
        return ""
    if isinstance(value, dict):
        return {str(name): _plain(one, depth + 1) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one, depth + 1) for one in value]
    return value if isinstance(value, str) else json.dumps(value)
