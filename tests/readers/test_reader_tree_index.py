"""Names from outside are matched to the tree by what they surely share, and not otherwise."""

from __future__ import annotations

import pytest

from bot.readers.tree_index import TreeIndex
from small_shop import SHOP

INDEX = TreeIndex(SHOP)


@pytest.mark.parametrize(
    ("foreign", "function", "path"),
    [
        ("shop/cart.py", "", "shop/cart.py"),
        ("./shop/cart.py", "", "shop/cart.py"),
        ("/home/u/proj/shop/cart.py", "total", "shop/cart.py"),
        (r"C:\work\proj\shop\cart.py", "total", "shop/cart.py"),
        ("/opt/venv/lib/python3.11/site-packages/shop/cart.py", "total", "shop/cart.py"),
        ("/opt/venv/lib/python3.11/site-packages/shop_text/slug.py", "slugify", "src/shop_text/slug.py"),
        ("/app/cart.py", "total", "shop/cart.py"),
        ("/home/u/public/views.py", "listing", "shop/public/views.py"),
        ("views.py", "render", None),
        ("/app/views.py", "render", None),
        ("/app/cart.py", "unheard_of", None),
        ("/opt/venv/lib/python3.11/site-packages/other/cart.py", "total", None),
        ("/usr/lib/python3.11/json/decoder.py", "decode", None),
        ("/usr/lib/python3.11/shop/cart.py", "total", None),
        ("<stdin>", "<module>", None),
        ("<ipython-input-3-abc>", "total", None),
        ("/somewhere/else/__init__.py", "<module>", None),
    ],
)
def test_a_foreign_path_is_placed_only_when_it_is_certain(foreign: str, function: str, path: str | None) -> None:
    assert INDEX.place(foreign, function) == path


@pytest.mark.parametrize(
    ("dotted", "found"),
    [
        ("shop.cart", ("shop/cart.py", "")),
        ("shop.cart.Cart.add", ("shop/cart.py", "Cart.add")),
        ("shop", ("shop/__init__.py", "")),
        ("shop_text.slug.slugify", ("src/shop_text/slug.py", "slugify")),
        ("json.decoder", None),
    ],
)
def test_a_dotted_name_leads_to_its_module_and_what_is_in_it(dotted: str, found: tuple[str, str] | None) -> None:
    assert INDEX.member(dotted) == found


def test_definitions_are_known_by_name_sources_first() -> None:
    assert INDEX.definers("add") == ("shop/cart.py",)
    assert INDEX.definers("nothing") == ()
