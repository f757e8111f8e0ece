"""Functions whose words resemble the report's come first; large trees stay fast."""

from __future__ import annotations

from time import process_time

from bot.core.artifacts import Analysis, Suspect
from bot.core.tree import Tree
from bot.locators.query import terms_of, words_of
from bot.locators.words import WordsLocator
from bot.ports import LocateQuestion
from small_shop import SHOP, an_issue, read, tree_of


def locate(report: str, tree: Tree = SHOP) -> list[Suspect]:
    analysis = read(an_issue(report), tree=tree)
    return list(WordsLocator().locate(LocateQuestion(tree, analysis, (report,))))


def test_the_function_that_the_report_talks_about_comes_first_as_a_whole_span() -> None:
    first = locate("# parse_price fails\n\nParsing a price with `parse_price` fails.\n")[0]
    assert (first.path, first.symbol, first.line_start, first.line_end) == (
        "src/shop_text/slug.py",
        "parse_price",
        5,
        6,
    )
    assert first.reasons == ("Shares words with the report: parse, price.",)


def test_snake_and_camel_names_meet_the_same_words() -> None:
    tree = tree_of(
        {
            "a.py": "class RequestParser:\n    def readHeaderLine(self):\n        return 1\n",
            "b.py": "def unrelated():\n    return 2\n",
            "c.py": "def read_header_line(self):\n    return 1\n",
        }
    )
    found = {s.symbol for s in locate("# The header line is read twice\n", tree)}
    assert found == {"RequestParser.readHeaderLine", "read_header_line"}


def test_a_test_with_the_same_words_comes_after_the_source() -> None:
    tree = tree_of(
        {
            "tests/test_invoice.py": "def invoice_rounding():\n    invoice = rounding\n    return invoice\n",
            "shop/invoice.py": "def invoice_rounding():\n    invoice = rounding\n    return invoice\n",
        }
    )
    assert [s.path for s in locate("# Invoice rounding\n", tree)] == ["shop/invoice.py", "tests/test_invoice.py"]


def test_a_report_without_telling_words_names_nobody() -> None:
    assert list(WordsLocator().locate(LocateQuestion(SHOP, Analysis("It does not work"), ("please fix",)))) == []


def test_a_tree_without_python_names_nobody() -> None:
    assert locate("# parse_price\n", tree_of({"README.md": "parse_price"})) == []


def test_source_that_does_not_parse_is_still_found() -> None:
    tree = tree_of({"a.py": "def broken_invoice(:\n    return 1\n"})
    assert [s.symbol for s in locate("# broken invoice\n", tree)] == ["broken_invoice"]


def test_the_title_and_symbols_weigh_more_than_prose() -> None:
    terms = terms_of(Analysis("Invoice rounding", named_symbols=("round_invoice",)), ("Some customers complained.",))
    weights = {term.text: term.weight for term in terms}
    assert weights["invoice"] > weights["rounding"] > weights["customers"]


def test_stop_words_and_short_words_are_left_out() -> None:
    assert list(words_of("The parseDate_of function returns an Error in v2")) == ["parse", "date"]


def test_a_thousand_files_take_well_under_a_second_or_two() -> None:
    body = "".join(f"def function_{n}(value):\n    return value + {n}\n\n\n" for n in range(30))
    files = {f"pkg/module_{n}.py": body for n in range(1000)}
    files["pkg/target.py"] = "def telescope_alignment(angle):\n    return angle\n"
    tree = tree_of(files)
    started = process_time()
    first = locate("# telescope alignment is off\n", tree)[0]
    assert first.symbol == "telescope_alignment"
    assert process_time() - started < 5
