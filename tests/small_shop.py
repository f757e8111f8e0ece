"""A small tree and the report texts about it, for tests of readers and locators. No assertions."""

from __future__ import annotations

from collections.abc import Mapping

from bot.core.artifacts import Analysis, Expectation, SourceText
from bot.core.evidence import Evidence
from bot.core.tree import Tree, TreeFile
from bot.readers import read_report
from bot.readers.source_lines import SourceLines

FILES = {
    "shop/__init__.py": "from shop.cart import Cart, total\n",
    "shop/cart.py": (
        "class Cart:\n"
        "    def __init__(self):\n"
        "        self.items = []\n"
        "\n"
        "    def add(self, item):\n"
        "        self.items.append(item)\n"
        "\n"
        "\n"
        "def total(items):\n"
        "    return sum(item.price for item in items)\n"
    ),
    "src/shop_text/slug.py": (
        'def slugify(text):\n    return text.lower().replace(" ", "-")\n\n\n'
        "def parse_price(text):\n    return int(text)\n"
    ),
    "shop/admin/views.py": "def render(request):\n    return request\n",
    "shop/public/views.py": "def listing(request):\n    return request\n",
    "tests/test_cart.py": "from shop.cart import total\n\n\ndef test_total():\n    assert total([]) == 0\n",
    "README.md": "# Shop\n",
}


def tree_of(files: Mapping[str, str]) -> Tree:
    return Tree({path: TreeFile(text.encode()) for path, text in files.items()})


SHOP = tree_of(FILES)


def an_issue(text: str) -> SourceText:
    return SourceText("issue.md", "issue", text)


def a_log(text: str) -> SourceText:
    return SourceText("build.log", "log", text)


def lines_of(text: str) -> SourceLines:
    return SourceLines(a_log(text))


def read(*texts: SourceText, tree: Tree = SHOP) -> Analysis:
    return read_report(texts, tree)[0]


def facts(*texts: SourceText, tree: Tree = SHOP) -> tuple[Evidence, ...]:
    return read_report(texts, tree)[1]


def said(analysis: Analysis) -> list[dict[str, str]]:
    """Every expectation as its non-empty fields, without provenance and quote."""
    return [_fields(expectation) for expectation in analysis.expectations]


def _fields(expectation: Expectation) -> dict[str, str]:
    names = ("expression", "expected", "actual", "raises", "not_raises")
    return {name: getattr(expectation, name) for name in names if getattr(expectation, name)}
