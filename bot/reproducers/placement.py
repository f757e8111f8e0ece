"""Where a new test belongs: the test file, and the class in it, whose tests are nearest. Reads source only.

Writing the test there belongs to `insertion`.
"""

from __future__ import annotations

import ast
import posixpath
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bot.core.path_roles import PathRole, is_test_path, role_of
from bot.core.python_source import parse_module
from bot.core.tree import Tree
from bot.reproducers.claims import Style
from bot.reproducers.modules import bound_names

NAME_CHARS = 64
_CLOSE = 3  # a file below this only shares a word with the subject
_TAG = re.compile(
    r"^\s*(?:\[[^\]]*\]|(?:bug|regression|issue|fix)(?:\s+report)?\s*(?:#?\d+)?\s*[:-])\s*", re.IGNORECASE
)
_WORD = re.compile(r"[a-z0-9]+")
_LOOSE_ENDS = frozenset(
    {"a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "from", "if", "in", "into", "is", "it", "not", "of"}
    | {"on", "or", "than", "that", "the", "then", "to", "when", "where", "which", "who", "whose", "with", "without"}
)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a test is about: `modules` are paths it exercises, most important first; `symbols` the functions and classes
    it names."""

    modules: tuple[str, ...]
    symbols: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """`text` is None for a new file. `class_name` is "" for a function at the file's top level."""

    path: str
    text: str | None
    style: Style
    class_name: str = ""


def place_for(tree: Tree, collection_ids: Sequence[str], subject: Subject) -> Place:
    """The nearest existing test file, or a new one beside the others when none is about the subject."""
    collection_ids = _written_as_tests(collection_ids)
    counts = Counter(test_id.partition("::")[0] for test_id in collection_ids)
    scored: list[tuple[int, int, str]] = []
    for path, count in counts.items():
        text = tree.text(path) if path in tree and path.endswith(".py") else None
        if text is not None and (score := _closeness(path, text, subject)) >= _CLOSE:
            scored.append((score, -count, path))
    for _, _, path in sorted(scored, reverse=True):
        text = tree.text(path) or ""
        if parse_module(text):
            return _inside(path, text, collection_ids, subject)
    return _new_file(tree, counts, subject)


def _written_as_tests(collection_ids: Sequence[str]) -> list[str]:
    """The ids of tests in test files: doctests are collected from the very files that a fix may change."""
    functions = [test_id for test_id in collection_ids if not _is_doctest(test_id)]
    in_test_files = [test_id for test_id in functions if is_test_path(test_id.partition("::")[0])]
    return in_test_files or functions


def _is_doctest(test_id: str) -> bool:
    """Whether a test is named as doctests are: by the dotted name of what is documented, or by its module's."""
    path, _, name = test_id.partition("[")[0].partition("::")
    return "." in name or name == _module_name(path)


def _closeness(path: str, text: str, subject: Subject) -> int:
    """How much a test file is about the subject: its name first, then what it names."""
    topic = _topic(path)
    score = 0
    for rank, module in enumerate(subject.modules):
        name = _module_name(module)
        weight = 2 if rank == 0 else 1
        if topic == name:
            score += 6 * weight
        elif name in topic.split("_") or topic in name.split("_"):
            score += 2 * weight
        if _mentions(text, name):
            score += weight
    return score + sum(3 for symbol in subject.symbols if _mentions(text, symbol))


def _mentions(text: str, word: str) -> bool:
    return word in text and re.search(rf"\b{re.escape(word)}\b", text) is not None


def _topic(path: str) -> str:
    return posixpath.basename(path).removesuffix(".py").removeprefix("test_").removesuffix("_test")


def _module_name(path: str) -> str:
    name = posixpath.basename(path).removesuffix(".py")
    return posixpath.basename(posixpath.dirname(path)) if name == "__init__" else name


def _inside(path: str, text: str, collection_ids: Sequence[str], subject: Subject) -> Place:
    """A function at the end of a file that has any, else a method of its most fitting class."""
    own = [test_id.split("::") for test_id in collection_ids if test_id.startswith(f"{path}::")]
    if any(len(parts) == 2 for parts in own):
        return Place(path, text, Style.FUNCTION)
    collected = {parts[1] for parts in own if len(parts) > 2}
    module = parse_module(text)
    classes = [s for s in module.body if isinstance(s, ast.ClassDef) and s.name in collected] if module else []
    if not classes:
        return Place(path, text, Style.FUNCTION)

    def fit(item: tuple[int, ast.ClassDef]) -> tuple[int, int, int]:
        source = ast.get_source_segment(text, item[1]) or ""
        named = [-rank for rank, symbol in enumerate(subject.symbols) if _class_topic(item[1].name) == _bare(symbol)]
        return max(named, default=-len(subject.symbols)), sum(_mentions(source, s) for s in subject.symbols), item[0]

    chosen = max(enumerate(classes), key=fit)[1]
    style = Style.TEST_CASE if _is_test_case(chosen) else Style.METHOD
    return Place(path, text, style, chosen.name)


def _class_topic(name: str) -> str:
    """What a class of tests is named for."""
    return re.sub(r"^test(?:s|ing)?|test(?:s|case)?$", "", _bare(name))


def _bare(name: str) -> str:
    return name.replace("_", "").lower()


def _is_test_case(node: ast.ClassDef) -> bool:
    """Whether a class is a unittest one: by its bases' names, or by asserting through self as only those can."""
    if any("TestCase" in ast.unparse(base) for base in node.bases):
        return True
    return any(isinstance(inner, ast.Attribute) and inner.attr == "assertEqual" for inner in ast.walk(node))


def _new_file(tree: Tree, counts: Counter[str], subject: Subject) -> Place:
    """A file named and placed as its siblings are."""
    folders = Counter(posixpath.dirname(path) for path in counts)
    folder = folders.most_common(1)[0][0] if folders else _test_folder(tree)
    trailing = sum(path.endswith("_test.py") for path in counts) * 2 > len(counts)
    topic = _module_name(subject.modules[0]) if subject.modules else "reported"
    for number in range(1, 1000):
        name = topic if number == 1 else f"{topic}_{number}"
        path = posixpath.join(folder, f"{name}_test.py" if trailing else f"test_{name}.py")
        if path not in tree:
            break
    return Place(path, None, Style.FUNCTION)


def _test_folder(tree: Tree) -> str:
    held = {path.partition("/")[0] for path in tree if role_of(path) is PathRole.TEST and "/" in path}
    return next((folder for folder in ("tests", "test") if folder in held), "tests")


def name_for(title: str, fallback: str, taken: Collection[str]) -> str:
    """A test's name out of the report's title, else of what it tests; not one of those `taken`."""
    stem = f"test_{_slug(title) or _slug(fallback) or 'reported_behaviour'}"
    name, number = stem, 2
    while name in taken:
        name, number = f"{stem}_{number}", number + 1
    return name


def _slug(text: str) -> str:
    """Up to NAME_CHARS of the words, cut where a phrase ends; "" for less than two words."""
    plain = unicodedata.normalize("NFKD", _TAG.sub("", text)).encode("ascii", "ignore").decode()
    kept: list[str] = []
    for word in _WORD.findall(plain.replace("'", "").lower()):
        if len("_".join([*kept, word])) > NAME_CHARS:
            break
        kept.append(word)
    while kept and kept[-1] in _LOOSE_ENDS:
        kept.pop()
    return "_".join(kept) if len(kept) > 1 or "_" in text else ""


def names_taken(place: Place) -> frozenset[str]:
    """The names that a new test at this place must not have."""
    module = parse_module(place.text or "")
    if module is None:
        return frozenset()
    for stmt in module.body:
        if isinstance(stmt, ast.ClassDef) and stmt.name == place.class_name:
            return bound_names(stmt.body)
    return bound_names(module.body)
