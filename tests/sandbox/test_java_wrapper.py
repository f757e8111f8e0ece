"""What is believed of Maven's reports: our wrapper against a stand-in for Maven, and against what code under test can
do to the reports meanwhile. Real Maven runs in `test_java_toolchain`."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_maven import tried

from bot.core.testing import Outcome
from sandbox.toolchains.base import Mode

HOME = "src/test/java/shop/CartTest.java"
ADDS, ZERO, LATER = (f"{HOME}::{name}" for name in ("adds", "zero", "later"))


def test_class(**bodies: str) -> str:
    methods = "".join(f"    @Test public void {name}() {{ {body} }}\n" for name, body in bodies.items())
    return f"package shop;\nimport org.junit.jupiter.api.Test;\npublic class CartTest {{\n{methods}}}\n"


test_class.__test__ = False  # type: ignore[attr-defined] # pytest: a builder, not a test
RED = {"pom.xml": "<project/>", HOME: test_class(adds="assertEquals(1, 2);", zero="assertEquals(1, 1);")}
GREEN = {**RED, HOME: test_class(adds="assertEquals(1, 1);", zero="assertEquals(1, 1);")}


def test_tests_are_listed_by_running_them(tmp_path: Path) -> None:
    found = tried(tmp_path, RED, None, mode=Mode.COLLECT).report
    assert (found.collected, found.collect_errors, found.complete) == ((ADDS, ZERO), (), True)


def test_a_failing_test_is_told_from_a_passing_one(tmp_path: Path) -> None:
    found = tried(tmp_path, RED, (ADDS, ZERO)).judgement
    assert ([result.outcome for result in found.results], found.distrust) == ([Outcome.FAILED, Outcome.PASSED], "")
    failure = found.results[0].failure
    assert failure is not None
    assert [(frame.path, frame.line) for frame in failure.frames] == [(HOME, 4)]


def test_passed_tests_are_green(tmp_path: Path) -> None:
    assert tried(tmp_path, GREEN, (ADDS, ZERO)).green


def test_one_test_is_run_alone(tmp_path: Path) -> None:
    found = tried(tmp_path, RED, (ZERO,))
    assert (found.green, ADDS in str(found.report.events)) == (True, False)


def test_each_module_has_controls_of_its_own(tmp_path: Path) -> None:
    files = {f"{part}/{path}": text for part in ("a", "b") for path, text in GREEN.items()}
    assert tried(tmp_path, {**files, "pom.xml": "<project/>"}, (f"a/{ADDS}", f"b/{ZERO}")).green


FORGE = "import glob\nfor path in glob.glob('target/surefire-reports/*CartTest.xml'):\n    text = open(path).read()\n"
ALTER = FORGE + "    head, failure, rest = text.partition('<failure')\n"
HONEST = "\nimport sys\nsys.exit(int(sys.argv[1]))\n"
FAKES = {
    "a failure taken out of the report": ALTER
    + "    open(path, 'w').write(head + rest.partition('</failure>')[2])"
    + HONEST,
    "the whole report replaced by one of passed tests": FORGE
    + '    open(path, \'w\').write(\'<testsuite><testcase classname="shop.CartTest" name="adds"/>'
    + '<testcase classname="shop.CartTest" name="zero"/></testsuite>\')'
    + HONEST,
    "reports removed": FORGE + "    import os; os.unlink(path)" + HONEST,
    "an older report put there": FORGE + "    import os; os.utime(path, (1, 1))" + HONEST,
    "a report that is a link": FORGE
    + "    import os; os.rename(path, path + '~'); os.symlink(path + '~', path)"
    + HONEST,
    "a report cut off": FORGE + "    open(path, 'w').write(text[:-20])" + HONEST,
    "a test twice": FORGE
    + "    open(path, 'w').write(text.replace('<testcase', '<testcase classname=\"shop.CartTest\" "
    'name="adds"/><testcase\', 1))' + HONEST,
    "exit code 0": "",
    "another exit code": "import sys; sys.exit(7)",
    "counts printed by the tests": "print('[ERROR] Tests run: 1, Failures: 0, Errors: 0, Skipped: 0')" + HONEST,
    "everything passes": "import glob, re\nfor path in glob.glob('target/surefire-reports/*.xml'):\n"
    "    text = re.sub('<failure.*?</failure>', '', open(path).read())\n    open(path, 'w').write(text)" + HONEST,
    "a process that was left rewrites the report": "import os, sys, time\nif os.fork():\n    sys.exit(1)\nos.setsid()\n"
    "for path in os.listdir('target/surefire-reports'):\n    pass\n"
    "while True:\n    open('target/surefire-reports/TEST-shop.CartTest.xml', 'w').write('<testsuite/>')\n"
    "    time.sleep(0.01)\n",
}


@pytest.mark.parametrize("fake", FAKES)
def test_a_faked_pass_is_not_green(tmp_path: Path, fake: str) -> None:
    found = tried(tmp_path, {**RED, "attack.py": FAKES[fake]}, (ADDS, ZERO))
    assert not found.green
    assert found.judgement.distrust


def test_a_skipped_test_is_not_green(tmp_path: Path) -> None:
    files = {**GREEN, HOME: test_class(adds="SKIP", zero="assertEquals(1, 1);")}
    found = tried(tmp_path, files, (ADDS, ZERO))
    assert (found.green, found.judgement.results[0].outcome) == (False, Outcome.SKIPPED)


def test_a_test_that_is_gone_is_missing(tmp_path: Path) -> None:
    found = tried(tmp_path, GREEN, (ADDS, LATER))
    assert (found.green, found.judgement.results[1].outcome) == (False, Outcome.MISSING)


def test_a_stale_report_in_the_tree_counts_for_nothing(tmp_path: Path) -> None:
    stale = '<testsuite><testcase classname="shop.CartTest" name="later"/></testsuite>'
    files = {**GREEN, "target/surefire-reports/TEST-shop.OldTest.xml": stale}
    found = tried(tmp_path, files, (ADDS, LATER))
    assert [result.outcome for result in found.judgement.results] == [Outcome.PASSED, Outcome.MISSING]


def test_code_that_does_not_compile_is_an_error_that_is_believed(tmp_path: Path) -> None:
    files = {**GREEN, "src/main/java/shop/Cart.java": "BROKEN"}
    found = tried(tmp_path, files, (ADDS, ZERO)).judgement
    assert ([result.outcome for result in found.results], found.distrust) == ([Outcome.ERROR, Outcome.ERROR], "")
    failure = found.results[0].failure
    assert failure is not None
    assert failure.message == "src/main/java/shop/Cart.java:2: cannot find symbol"
    assert (tmp_path / "tree/src/main/java/shop/Cart.java").read_text() == "BROKEN"


def test_tests_that_do_not_compile_are_named_when_tests_are_listed(tmp_path: Path) -> None:
    found = tried(tmp_path, {**GREEN, HOME: GREEN[HOME] + "BROKEN"}, None, mode=Mode.COLLECT).report
    assert (found.collected, [where for where, _ in found.collect_errors]) == ((), [HOME])


def test_the_one_test_that_does_not_end_is_named_and_believed(tmp_path: Path) -> None:
    files = {**RED, HOME: test_class(adds="HANG", zero="assertEquals(1, 1);")}
    found = tried(tmp_path, files, (ADDS,)).judgement
    assert ([result.outcome for result in found.results], found.distrust) == ([Outcome.TIMED_OUT], "")


def test_the_key_is_nowhere_that_the_tests_can_read(tmp_path: Path) -> None:
    attack = (
        "import glob, sys\n"
        "for pattern in ('/proc/[0-9]*/environ', '/proc/[0-9]*/cmdline', '../scratch/**/*'):\n"
        "    for path in glob.glob(pattern, recursive=True):\n"
        "        try:\n            data = open(path, 'rb').read()\n"
        "        except OSError:\n            continue\n"
        f"        if b'{b'k'.hex()}' * 32 in data:\n            print('key seen', 'in', path)\n" + HONEST
    )
    found = tried(tmp_path, {**GREEN, "attack.py": attack}, (ADDS,))
    assert found.green
    assert "key seen in" not in found.output
