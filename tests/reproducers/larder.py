"""A small package with known bugs, and without them: what the generated tests are tried on. Not a test module."""

from __future__ import annotations

from bot.core.tree import Tree, TreeFile

_FILES = {
    "larder/__init__.py": "from larder.shelf import Shelf\nfrom larder.text import slugify\n",
    "larder/text.py": '''
import re


def slugify(text):
    """Words joined by dashes."""
    return re.sub(r"[^a-z0-9]SLUG", "-", text.lower()).strip("-")


def initials(name):
    return "".join(part[0] for part in name.splitPARTS)


def is_blank(text):
    return BLANK


def first_line(text):
    return text.splitlines()[0] if FIRST else None
''',
    "larder/numbers.py": """
def mean(values):
    return sum(values) / (len(values)MEAN)


def clamp(value, low, high):
    return CLAMP


def ratio(one, other):
    return RATIO
""",
    "larder/shelf.py": """
class ShelfError(Exception):
    pass


class Shelf:
    def __init__(self, size=3):
        self.size = size
        self.jars = []

    def put(self, jar):
        if len(self.jars) FULL self.size:
            raise ShelfError("full")
        self.jars.append(jar)

    def take(self):
        TAKE
        return self.jars.pop() if self.jars else None

    @property
    def free(self):
        return self.size - len(self.jars)FREE

    def counts(self):
        found = {}
        for jar in self.jars:
            found[jar] = found.get(jar, 0) + COUNT
        return found

    def __repr__(self):
        return f"<Shelf REPR{len(self.jars)}/{self.size}>"

    def show(self):
        for jar in self.jars:
            print("SHOW" + jar)
""",
    "tests/test_text.py": """
import re

from larder import slugify


def test_slugify_joins_words():
    assert slugify("A b") == "a-b"


def test_slugs_are_plain():
    assert re.fullmatch("[a-z-]+", slugify("Some text"))
""",
    "tests/test_shelf.py": """
import unittest

from larder.shelf import Shelf


class ShelfTest(unittest.TestCase):
    def test_put_and_take(self):
        shelf = Shelf()
        shelf.put("jam")
        self.assertEqual(shelf.take(), "jam")


if __name__ == "__main__":
    unittest.main()
""",
    "README.md": "# Larder\n",
}
_MARKS = {  # mark: (buggy, fixed)
    "SLUG": ("", "+"),
    "PARTS": ("(' ')", "()"),
    "BLANK": ("not text", "not text.strip()"),
    "FIRST": ("text is not None", "text"),
    "MEAN": (" + 1", ""),
    "CLAMP": ("max(low, value)", "min(high, max(low, value))"),
    "RATIO": ("one / other", "one / other if other else None"),
    "FULL": (">", ">="),
    "TAKE": ("pass", "if not self.jars: raise IndexError('the shelf is empty')"),
    "FREE": (" - 1", ""),
    "COUNT": ("2", "1"),
    "REPR": ("", "of "),
    "SHOW": ("", "* "),
}
IDS = (
    "tests/test_shelf.py::ShelfTest::test_put_and_take",
    "tests/test_text.py::test_slugify_joins_words",
    "tests/test_text.py::test_slugs_are_plain",
)


def larder(*, fixed: bool) -> Tree:
    """The package with all of its bugs, or with none."""
    files = {}
    for path, template in _FILES.items():
        text = template.lstrip("\n")
        for mark, versions in _MARKS.items():
            text = text.replace(mark, versions[fixed])
        files[path] = TreeFile(text.encode())
    return Tree(files)
