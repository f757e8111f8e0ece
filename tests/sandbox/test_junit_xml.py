"""Reports in JUnit's XML: what is read of good ones, and which are refused."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from sandbox.inside.translate.junit_cases import Files, frames_of, id_of, repeated, result_of
from sandbox.inside.translate.junit_reports import Reports
from sandbox.inside.translate.junit_xml import MAX_TEXT, Case, Mishap, NotAReport, read_report

GOOD = """<?xml version="1.0" encoding="UTF-8"?>
<testsuites><testsuite name="outer" tests="3" failures="1">
  <properties><property name="a" value="b"/></properties>
  <testsuite name="inner"><testcase classname="a.B" name="one" file="x.py" time="1,234.5"/></testsuite>
  <testcase name="two"><failure type="E" message="m &lt;1&gt;"><![CDATA[text <here>]]></failure></testcase>
  <testcase classname="C" name="three" time="-"><skipped/><system-out>printed</system-out></testcase>
</testsuite></testsuites>
"""
LAUGHS = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><testsuite name="&b;"/>'
OUTSIDE = '<!DOCTYPE l SYSTEM "file:///etc/passwd"><testsuite/>'


def written(folder: Path, text: str | bytes) -> str:
    path = folder / "report.xml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def test_cases_suites_and_mishaps_are_read(tmp_path: Path) -> None:
    cases, suites = read_report(written(tmp_path, GOOD))
    assert cases == [
        Case("a.B", "one", "x.py", 1234.5, "inner"),
        Case("", "two", "", 0.0, "outer", [Mishap("failure", "E", "m <1>", "text <here>")]),
        Case("C", "three", "", 0.0, "outer", [Mishap("skipped")]),
    ]
    assert [(suite.name, suite.cases) for suite in suites] == [("outer", 2), ("inner", 1)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is empty"),
        ("<testsuite><testcase name='a'/>", "it is not complete XML: no element found"),
        ("<testsuite/><testsuite/>", "it is not complete XML: junk after document element"),
        ("<html/>", "it holds <html>, not test suites"),
        (LAUGHS, "it declares a document type"),
        (OUTSIDE, "it declares a document type"),
        ("<testsuite>" * 60 + "</testsuite>" * 60, "it is nested too deeply"),
        ("<testsuite><testcase><testcase/></testcase></testsuite>", "a test case lies inside another"),
        (b'<?xml version="1.0" encoding="nonsense"?><testsuite/>', "it is not complete XML"),
        (b"<testsuite name='\xff'/>", "it is not complete XML"),
        ("no XML at all", "it is not complete XML"),
    ],
)
def test_what_is_no_whole_report_is_refused(tmp_path: Path, text: str | bytes, why: str) -> None:
    with pytest.raises(NotAReport, match=why):
        read_report(written(tmp_path, text))


def test_a_report_that_is_too_large_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "<testsuite>")
    os.truncate(path, 65 << 20)
    with pytest.raises(NotAReport):
        read_report(path)


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(written(tmp_path, GOOD))
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe", "."):
        with pytest.raises(NotAReport):
            read_report(str(tmp_path / name))


def test_a_long_text_is_cut(tmp_path: Path) -> None:
    text = f"<testsuite><testcase name='a'><error>{'x' * 100_000}</error></testcase></testsuite>"
    cases, _ = read_report(written(tmp_path, text))
    assert len(cases[0].mishaps[0].text) == MAX_TEXT


# ----------------------------------------------------------- a run's reports


def test_reports_that_lie_there_before_a_run_are_removed(tmp_path: Path) -> None:
    written(tmp_path, GOOD)
    reports = Reports([f"{tmp_path}/*.xml"])
    assert not (tmp_path / "report.xml").exists()
    with pytest.raises(NotAReport, match="no report was written"):
        reports.read()


def test_a_report_from_before_the_run_is_refused_wherever_it_comes_from(tmp_path: Path) -> None:
    reports = Reports([f"{tmp_path}/*.xml"])
    path = written(tmp_path, GOOD)
    os.utime(path, (time.time() - 60, time.time() - 60))
    with pytest.raises(NotAReport, match="is older than the run"):
        reports.read()


def test_all_reports_of_a_glob_are_read_and_one_flaw_spoils_them(tmp_path: Path) -> None:
    reports = Reports([f"{tmp_path}/**/*.xml"])
    written(tmp_path, GOOD)
    (tmp_path / "deep").mkdir()
    written(tmp_path / "deep", GOOD)
    assert len(reports.read()[0]) == 6
    (tmp_path / "cut.xml").write_text(GOOD[:200])
    with pytest.raises(NotAReport, match=r"the report cut\.xml cannot be used"):
        reports.read()


def test_a_suite_that_states_fewer_tests_than_it_holds_is_refused(tmp_path: Path) -> None:
    reports = Reports([f"{tmp_path}/*.xml"])
    written(tmp_path, '<testsuite name="s" tests="1"><testcase name="a"/><testcase name="b"/></testsuite>')
    with pytest.raises(NotAReport, match="the suite s holds 2 tests and states 1"):
        reports.read()


# -------------------------------------------------------------------- cases


@pytest.fixture
def files(tmp_path: Path) -> Files:
    for path in (
        "tests/test_cart.py",
        "web/cart.spec.ts",
        "src/cart.py",
        "src/main/java/shop/Cart.java",
        "src/test/java/shop/CartTest.java",
        "a/src/test/java/x/SameTest.java",
        "b/src/test/java/x/SameTest.java",
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    return Files(str(tmp_path))


@pytest.mark.parametrize(
    ("case", "test_id"),
    [
        (Case("tests.test_cart", "test_a"), "tests/test_cart.py::test_a"),
        (Case("tests.test_cart.TestX", "test_a[1]"), "tests/test_cart.py::TestX::test_a[1]"),
        (Case("tests.test_cart.TestX", "test_a", "tests/test_cart.py"), "tests/test_cart.py::TestX::test_a"),
        (Case("cart adds", "works", "web/cart.spec.ts"), "web/cart.spec.ts::cart adds::works"),
        (Case("web/cart.spec.ts", "cart > works"), "web/cart.spec.ts::cart > works"),
        (Case("shop.CartTest", "adds"), "src/test/java/shop/CartTest.java::adds"),
        (Case("shop.CartTest$Inner", "deep"), "src/test/java/shop/CartTest.java::Inner::deep"),
        (Case("x.SameTest", "adds"), "x.SameTest::adds"),
        (Case("cart", "adds"), "cart::adds"),
        (Case("", "adds", "", 0.0, "my suite"), "my suite::adds"),
        (Case("A::B", " a\n b "), "A:B::a b"),
        (Case("../../etc/passwd", "a"), "../../etc/passwd::a"),
    ],
)
def test_a_case_is_named_by_the_test_file_it_lies_in(files: Files, case: Case, test_id: str) -> None:
    assert id_of(case, files) == test_id


def test_a_module_has_its_own_files(files: Files) -> None:
    case = Case("x.SameTest", "adds")
    assert id_of(case, files.within("b")) == "b/src/test/java/x/SameTest.java::adds"


TRACE = (
    "org.opentest4j.AssertionFailedError: no\n"
    "\tat org.junit.jupiter.api.AssertionUtils.fail(AssertionUtils.java:39)\n"
    "\tat app//shop.Cart.total(Cart.java:3)\n"
    "\tat shop.CartTest.adds(CartTest.java:9)\n"
)


def test_javas_frames_are_those_of_the_repository_outermost_first(files: Files) -> None:
    found = [(frame["path"], frame["line"], frame["function"]) for frame in frames_of(TRACE, files)]
    assert found == [
        ("src/test/java/shop/CartTest.java", 9, "adds"),
        ("src/main/java/shop/Cart.java", 3, "total"),
    ]


@pytest.mark.parametrize(
    ("text", "frame"),
    [
        ('  File "src/cart.py", line 3, in add\n', ("src/cart.py", 3, "add")),
        ("    at add (web/cart.spec.ts:7:11)\n", ("web/cart.spec.ts", 7, "add")),
        ("tests/test_cart.py:5: AssertionError\n", ("tests/test_cart.py", 5, "")),
    ],
)
def test_frames_of_other_languages_are_read(files: Files, text: str, frame: tuple[str, int, str]) -> None:
    found = frames_of(text, files)
    assert [(one["path"], one["line"], one["function"]) for one in found] == [frame]


@pytest.mark.parametrize(
    ("mishaps", "outcome", "phase"),
    [
        ([], "passed", ""),
        ([Mishap("skipped")], "skipped", ""),
        ([Mishap("failure", "x.AssertionFailedError", "m", TRACE)], "failed", "call"),
        ([Mishap("flakyFailure", "x.E", "m", TRACE)], "failed", "call"),
        ([Mishap("skipped"), Mishap("error", "x.E", "m", TRACE)], "failed", "call"),
        ([Mishap("error", "x.E", "m", TRACE.replace("adds", "setUp"))], "error", "setup"),
        ([Mishap("error", "", "failed on setup with 'E'")], "error", "setup"),
    ],
)
def test_anything_bad_in_a_case_means_that_it_did_not_pass(
    files: Files, mishaps: list[Mishap], outcome: str, phase: str
) -> None:
    result = result_of(Case("shop.CartTest", "adds", mishaps=mishaps), "id", files)
    assert result.outcome == outcome
    assert [failure["phase"] for failure in result.failures][:1] == ([phase] if phase else [])


def test_every_kind_of_assertion_has_one_name(files: Files) -> None:
    for kind in ("org.opentest4j.AssertionFailedError", "org.junit.ComparisonFailure", "java.lang.AssertionError"):
        case = Case("shop.CartTest", "adds", mishaps=[Mishap("failure", kind, "m", TRACE)])
        assert result_of(case, "id", files).failures[0]["type"] == "AssertionError"


def test_repeated_names_are_found() -> None:
    assert repeated(["a", "b", "a", "c", "a"]) == ["a"]
