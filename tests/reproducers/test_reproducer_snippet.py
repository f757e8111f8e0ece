"""Tests built from reports, run for real: each has to fail with the bug in the package and to pass without it."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from larder import IDS, larder

from bot.core.artifacts import Analysis, CandidateTest, Dossier, Expectation, Snippet, Traceback
from bot.core.evidence import Provenance
from bot.core.run import Commit
from bot.core.testing import Collection, FailureSignature, Frame
from bot.ports import ReproduceQuestion
from bot.reproducers.snippet import SnippetTest

HERE = Provenance("issue.md", 3, 9)
LATER = Provenance("issue.md", 12)


def wants(
    expression: str = "",
    expected: str = "",
    *,
    actual: str = "",
    raises: str = "",
    not_raises: str = "",
    quote: str = "",
) -> Expectation:
    return Expectation(LATER, expression, expected, actual, raises, not_raises, quote)


def shows(code: str, *expectations: Expectation, doctest: bool = False) -> Snippet:
    return Snippet(code, HERE, doctest, expectations)


def report(
    *snippets: Snippet,
    says: tuple[Expectation, ...] = (),
    title: str = "Something is wrong here",
    error: str = "",
    message: str = "",
    frames: tuple[Frame, ...] = (),
) -> Analysis:
    tracebacks = (Traceback(error, message, frames, HERE),) if error else ()
    signature = FailureSignature(error, message)
    return Analysis(title, tracebacks, snippets, says, signature=signature)


def proposed(analysis: Analysis, ids: tuple[str, ...] = IDS) -> tuple[CandidateTest, ...]:
    commit = Commit("0" * 40, "", "", datetime(2024, 1, 1, tzinfo=UTC))
    dossier = Dossier(commit, (), ())
    return tuple(
        SnippetTest().propose(ReproduceQuestion(larder(fixed=False), dossier, analysis, Collection(ids), "pytest"))
    )


@dataclass(frozen=True)
class Case:
    """A report, the lines its first candidate has to hold, and the file it belongs in."""

    report: Analysis
    lines: tuple[str, ...]
    path: str = "tests/test_text.py"


SLUG = "from larder import slugify\n"
CASES = {
    "a value stated for an expression of the snippet": Case(
        report(shows(SLUG + 'slugify("a  b")'), says=(wants('slugify("a  b")', "'a-b'", actual="'a--b'"),)),
        ('    assert slugify("a  b") == "a-b"',),
    ),
    "a value stated for the snippet as a whole": Case(
        report(shows(SLUG + 'text = "a  b"\nslugify(text)'), says=(wants("", "'a-b'"),)),
        ('    text = "a  b"', '    assert slugify(text) == "a-b"'),
    ),
    "a print of one value": Case(
        report(shows(SLUG + 'print(slugify("a  b"))', wants('slugify("a  b")', "'a-b'", actual="'a--b'"))),
        ('    assert slugify("a  b") == "a-b"',),
    ),
    "a print with plain words as its output": Case(
        report(shows(SLUG + 'print(slugify("a  b"))', wants('print(slugify("a  b"))', "a-b"))),
        ('    assert str(slugify("a  b")) == "a-b"',),
    ),
    "a print of several values": Case(
        report(shows(SLUG + 'print("slug:", slugify("a  b"))', wants('print("slug:", slugify("a  b"))', "slug: a-b"))),
        ('    print("slug:", slugify("a  b"))', '    assert capsys.readouterr().out.strip() == "slug: a-b"'),
    ),
    "a result kept in a variable": Case(
        report(shows(SLUG + 'result = slugify("a  b")\nprint(result)'), says=(wants("result", "'a-b'"),)),
        ('    result = slugify("a  b")', '    assert str(result) == "a-b"'),
    ),
    "a result that is only assigned": Case(
        report(shows(SLUG + 'result = slugify("a  b")', wants('slugify("a  b")', "'a-b'"))),
        ('    result = slugify("a  b")', '    assert result == "a-b"'),
    ),
    "words that are no literal on both sides": Case(
        report(shows(SLUG + 'slugify("a  b")'), says=(wants('slugify("a  b")', "a-b", actual="a--b"),)),
        ('    assert str(slugify("a  b")) == "a-b"',),
    ),
    "a sentence without a snippet": Case(
        report(says=(wants('slugify("a  b")', "'a-b'", actual="'a--b'"),)), ('    assert slugify("a  b") == "a-b"',)
    ),
    "a name that the report does not import": Case(
        report(shows('initials("Ada  Lovelace")'), says=(wants("", "'AL'", actual=""),)),
        ("from larder.text import initials", '    assert initials("Ada  Lovelace") == "AL"'),
    ),
    "an import that is shorter than the real one": Case(
        report(shows('from text import initials\ninitials("Ada  L")', wants('initials("Ada  L")', "'AL'"))),
        ("from larder.text import initials",),
    ),
    "a relative import": Case(
        report(shows('from .text import initials\ninitials("Ada  L")', wants('initials("Ada  L")', "'AL'"))),
        ("from larder.text import initials",),
    ),
    "a star import": Case(
        report(shows('from larder.text import *\ninitials("Ada  L")', wants('initials("Ada  L")', "'AL'"))),
        ("from larder.text import initials",),
    ),
    "an import of the package and a dotted call": Case(
        report(shows('import larder\nlarder.slugify("a  b")', wants('larder.slugify("a  b")', "'a-b'"))),
        ("import larder", '    assert larder.slugify("a  b") == "a-b"'),
    ),
    "an import under another name": Case(
        report(shows('from larder.text import slugify as s\ns("a  b")', wants('s("a  b")', "'a-b'"))),
        ("from larder.text import slugify as s",),
    ),
    "a value that is True": Case(
        report(shows('from larder.text import is_blank\nis_blank("  ")'), says=(wants('is_blank("  ")', "True"),)),
        ('    assert is_blank("  ") is True',),
    ),
    "a value that is None, and the exception there is instead": Case(
        report(
            shows('from larder.text import first_line\nfirst_line("")', wants('first_line("")', "None")),
            error="IndexError",
            message="list index out of range",
        ),
        ('    assert first_line("") is None',),
    ),
    "a float": Case(
        report(shows("from larder.numbers import mean\nmean([1, 2, 4.5])", wants("mean([1, 2, 4.5])", "2.5"))),
        ("import pytest", "    assert mean([1, 2, 4.5]) == pytest.approx(2.5)"),
        "tests/test_numbers.py",
    ),
    "a comparison that should hold": Case(
        report(says=(wants("clamp(9, 1, 5) <= 5", "True", actual="False"),)),
        ("from larder.numbers import clamp", "    assert clamp(9, 1, 5) <= 5"),
        "tests/test_numbers.py",
    ),
    "an exception that is reported and nothing else": Case(
        report(
            shows("from larder.numbers import ratio\nprint(ratio(1, 0))"),
            error="ZeroDivisionError",
            message="division by zero",
        ),
        ("    print(ratio(1, 0))",),
        "tests/test_numbers.py",
    ),
    "an exception that should not be raised": Case(
        report(
            shows("from larder.numbers import ratio\nratio(1, 0)"),
            says=(wants("ratio(1, 0)", not_raises="ZeroDivisionError"),),
        ),
        ("    ratio(1, 0)",),
        "tests/test_numbers.py",
    ),
    "an exception that should be raised": Case(
        report(
            shows("from larder import Shelf\nshelf = Shelf()\nshelf.take()"), says=(wants("", raises="IndexError"),)
        ),
        ("        with self.assertRaises(IndexError):", "            shelf.take()"),
        "tests/test_shelf.py",
    ),
    "an exception of the package's own": Case(
        report(
            shows("shelf = Shelf(1)\nshelf.put('jam')\nshelf.put('tea')"),
            says=(wants("shelf.put('tea')", raises="ShelfError"),),
        ),
        (
            "        with self.assertRaises(ShelfError):",
            '            shelf.put("tea")',
            "from larder.shelf import Shelf, ShelfError",
        ),
        "tests/test_shelf.py",
    ),
    "a session": Case(
        report(
            shows(
                ">>> from larder import Shelf\n>>> s = Shelf(5)\n>>> s.put('jam')\n>>> s.free\n3\n",
                wants("s.free", "4", actual="3"),
                doctest=True,
            )
        ),
        ("        self.assertEqual(s.free, 4)",),
        "tests/test_shelf.py",
    ),
    "a session with a repr": Case(
        report(shows(">>> from larder import Shelf\n>>> Shelf()\n", wants("Shelf()", "<Shelf of 0/3>"), doctest=True)),
        ('        self.assertEqual(repr(Shelf()), "<Shelf of 0/3>")',),
        "tests/test_shelf.py",
    ),
    "a block in a session": Case(
        report(
            shows(
                ">>> s = Shelf()\n>>> for jar in ['jam', 'tea']:\n...     s.put(jar)\n...\n>>> s.counts()\n{'jam': 2}",
                wants("s.counts()", "{'jam': 1, 'tea': 1}"),
                doctest=True,
            )
        ),
        ("        for jar in [", '        self.assertEqual(s.counts(), {"jam": 1, "tea": 1})'),
        "tests/test_shelf.py",
    ),
    "asserts of the snippet's own": Case(
        report(shows(SLUG + 'assert slugify("a b") == "a-b"\nassert slugify("a  b") == "a-b"')),
        ('    assert slugify("a b") == "a-b"', '    assert slugify("a  b") == "a-b"'),
    ),
    "several results of one snippet": Case(
        report(
            shows(
                SLUG + 'slugify("a b")\nslugify("a  b")',
                wants('slugify("a b")', "'a-b'"),
                wants('slugify("a  b")', "'a-b'"),
            )
        ),
        ('    assert slugify("a b") == "a-b"', '    assert slugify("a  b") == "a-b"'),
    ),
    "output that a method prints itself": Case(
        report(
            shows("s = Shelf()\ns.put('jam')\nprint(s.show(), 'end')"),
            says=(wants("print(s.show(), 'end')", "* jam\nNone end"),),
        ),
        ("        with contextlib.redirect_stdout(io.StringIO()) as output:",),
        "tests/test_shelf.py",
    ),
    "output of a method that returns nothing": Case(
        report(
            shows("from larder import Shelf\ns = Shelf()\ns.put('jam')\ns.show()"), says=(wants("s.show()", "* jam"),)
        ),
        ("            s.show()", '        self.assertEqual(output.getvalue().strip(), "* jam")'),
        "tests/test_shelf.py",
    ),
    "a value that is built by a call": Case(
        report(
            shows("from collections import Counter\ns = Shelf()\ns.put('jam')\nCounter(s.counts())"),
            says=(wants("Counter(s.counts())", "Counter({'jam': 1})"),),
        ),
        ("from collections import Counter", '        self.assertEqual(Counter(s.counts()), Counter({"jam": 1}))'),
        "tests/test_shelf.py",
    ),
    "a string over several lines keeps its lines": Case(
        report(
            shows('from larder.text import initials\ntext = """Ada\n\n  Lovelace"""\ninitials(text)'),
            says=(wants("initials(text)", "'AL'"),),
        ),
        ("\n  Lovelace", '    assert initials(text) == "AL"'),
    ),
    "a script with a main block": Case(
        report(
            shows(f'{SLUG}def main():\n    print(slugify("a  b"))\n\nif __name__ == "__main__":\n    main()'),
            says=(wants('slugify("a  b")', "'a-b'"),),
        ),
        ("    def main():", '        assert str(slugify("a  b")) == "a-b"', "    main()"),
    ),
    "a snippet with its traceback pasted below": Case(
        report(
            shows("from larder.numbers import ratio\nratio(1, 0)\nTraceback (most recent call last):\n  File ..."),
            error="ZeroDivisionError",
            message="division by zero",
        ),
        ("    ratio(1, 0)",),
        "tests/test_numbers.py",
    ),
    "a test that the report brings": Case(
        report(shows(SLUG + '\ndef test_two_spaces():\n    assert slugify("a  b") == "a-b"\n')),
        ("def test_two_spaces():",),
    ),
    "a test case that the report brings": Case(
        report(
            shows(
                "import unittest\nfrom larder import Shelf\n\nclass FreeTest(unittest.TestCase):\n"
                "    def test_free(self):\n        self.assertEqual(Shelf().free, 3)\n\nunittest.main()"
            )
        ),
        ("class FreeTest(unittest.TestCase):",),
        "tests/test_shelf.py",
    ),
}

RUNNER = """
import json, os, sys
import pytest, _pytest.assertion.rewrite, _pytest.unittest, _pytest.pathlib, pdb, unittest, doctest
found = {}
for line in sys.stdin.read().splitlines():
    folder, *ids = json.loads(line)
    child = os.fork()
    if not child:
        os.chdir(folder)
        sys.path.insert(0, folder)
        sys.stdout.flush()
        os.dup2(os.open("out.txt", os.O_CREAT | os.O_WRONLY), 1)
        os._exit(int(pytest.main(["-q", "-p", "no:cacheprovider", "--rootdir", folder, *ids])))
    found[folder] = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, bool], tuple[int, str]]:
    """Exit code and output of pytest on each case's first candidate, by (case, fixed)."""
    root = tmp_path_factory.mktemp("cases")
    jobs: dict[tuple[str, bool], list[str]] = {}
    for number, (name, case) in enumerate(CASES.items()):
        candidates = proposed(case.report)
        for fixed in (False, True) if candidates else ():
            candidate, folder = candidates[0], root / f"{number}-{fixed}"
            assert candidate.patch is not None
            tree = candidate.patch.apply(larder(fixed=fixed))
            for path in tree:
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(tree.files[path].content)
            jobs[name, fixed] = [str(folder), *candidate.test_ids]
    done = subprocess.run(
        [sys.executable, "-c", RUNNER],
        input="\n".join(map(json.dumps, jobs.values())).encode(),
        stdout=subprocess.PIPE,
        env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
        timeout=100,
    )
    codes = json.loads(done.stdout)
    return {key: (codes[job[0]], Path(job[0], "out.txt").read_text()) for key, job in jobs.items()}


@pytest.mark.parametrize("name", CASES)
def test_a_report_makes_a_test_that_is_red_with_the_bug_and_green_without(
    name: str, outcomes: dict[tuple[str, bool], tuple[int, str]]
) -> None:
    case = CASES[name]
    candidates = proposed(case.report)
    assert candidates, "nothing was proposed"
    first = candidates[0]
    assert first.patch is not None
    (edit,) = first.patch.edits
    assert edit.path == case.path
    for line in case.lines:
        assert line in (edit.after or ""), edit.after
    assert outcomes[name, False][0] == 1, outcomes[name, False][1]
    assert outcomes[name, True][0] == 0, outcomes[name, True][1]


NOTHING = {
    "nothing is stated": report(shows(SLUG + 'slugify("a  b")')),
    "only the wrong value is stated": report(says=(wants('slugify("a  b")', actual="'a--b'"),)),
    "a word that is no value": report(says=(wants('slugify("a  b")', "something"),)),
    "a type's name": report(says=(wants('slugify("a  b")', "list", actual="str"),)),
    "a function without its arguments": report(says=(wants("slugify()", "'a-b'"),)),
    "a method without its object": report(says=(wants("Shelf.take()", raises="IndexError"),)),
    "an ellipsis for arguments": report(says=(wants("slugify(...)", "'a-b'"),)),
    "a name that nobody defines": report(shows("polish('x')"), says=(wants("polish('x')", "'y'"),)),
    "somebody else's function": report(says=(wants("sqrt(4)", "3"),)),
    "code that is no Python": report(shows("slugify 'a  b' please"), says=(wants("", "'a-b'"),)),
    "an error with no code": report(error="KeyError", message="'x'"),
}


@pytest.mark.parametrize("name", NOTHING)
def test_nothing_is_proposed_where_it_would_take_a_guess(name: str) -> None:
    assert proposed(NOTHING[name]) == ()


def test_what_all_of_a_snippet_s_results_demand_comes_before_each_and_no_more_than_six_are_proposed() -> None:
    code = SLUG + "\n".join(f'slugify("{n}  x")' for n in range(9))
    claims = [wants(f'slugify("{n}  x")', f"'{n}-x'") for n in range(9)]
    found = proposed(report(shows(code, *claims)))
    assert len(found) == 6
    assert found[0].why == "The report (issue.md:3-9) states 9 results of its code; all of them are checked together."


def test_the_reason_quotes_the_report() -> None:
    quote = "I expected `'a-b'`\nhere:"
    (found,) = proposed(report(says=(wants('slugify("a  b")', "'a-b'", quote=quote),)))
    assert found.why == (
        "The report (issue.md:12) wants `slugify(\"a  b\")` to give 'a-b': \"I expected `'a-b'` here\"."
    )
    assert found.producer == "snippet"


def test_a_wrong_value_that_was_seen_has_to_fail_as_an_assertion() -> None:
    (seen,) = proposed(report(says=(wants('slugify("a  b")', "'a-b'", actual="'a--b'"),)))
    (unseen,) = proposed(report(says=(wants('slugify("a  b")', "'a-b'"),)))
    assert seen.signature == FailureSignature("AssertionError", expected="'a-b'", actual="'a--b'")
    assert unseen.signature == FailureSignature(expected="'a-b'")


def test_a_reported_exception_has_to_be_the_one_raised() -> None:
    snippet = shows("from larder.numbers import ratio\nratio(1, 0)")
    (found,) = proposed(report(snippet, error="ZeroDivisionError", message="division by zero"))
    assert found.signature == FailureSignature("ZeroDivisionError", "division by zero")


def test_not_raising_what_should_be_raised_may_be_worded_in_any_way() -> None:
    snippet = shows("from larder import Shelf\nShelf().take()")
    found = proposed(report(snippet, says=(wants("", raises="IndexError"),), error="IndexError", message="empty"))
    assert [candidate.signature for candidate in found] == [FailureSignature()]


@pytest.mark.parametrize(
    ("source", "title", "name"),
    [
        ("issue #7", "Fix the mean of nothing", "test_fix_the_mean_of_nothing"),
        ("guidance by @bo", "Fix the mean of nothing", "test_slugify_as_reported"),
        ("guidance by @bo", "Slugify keeps two blanks", "test_slugify_keeps_two_blanks"),
    ],
)
def test_what_is_asked_for_besides_is_not_named_after_the_report(source: str, title: str, name: str) -> None:
    code = 'from larder.text import slugify\nslugify("a  b")'
    said = Provenance(source, 1, 2)
    wish = replace(wants('slugify("a  b")', "'a-b'"), provenance=said)
    snippet = replace(shows(code, wish), provenance=said)
    (test, *_) = proposed(report(snippet, title=title))
    assert test.test_ids[0].rpartition("::")[2] == name
