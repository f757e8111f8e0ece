"""The command from a report to each kind of ending, on real repositories in a real sandbox."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # the library ships no types

from command_line import (
    FIXED_PRICING,
    FIXED_RATES,
    ISSUE,
    RATES,
    RED_ID,
    ROOT,
    SHOP,
    TESTS,
    THIN,
    CommandLine,
    Ran,
    commit,
    everything_in,
    git,
)

pytestmark = pytest.mark.timeout(300)
SCHEMA = json.loads((ROOT / "bot/render/report.schema.json").read_text())
LOG = f"""\
=================================== FAILURES ===================================
________________________ test_a_hundred_counts_as_large ________________________

    def test_a_hundred_counts_as_large():
>       assert is_large(100) is True
E       assert False is True
E        +  where False = is_large(100)

tests/test_rates.py:5: AssertionError
=========================== short test summary info ============================
FAILED {RED_ID} - assert False is True
========================= 1 failed, 1 passed in 0.03s ==========================
"""


@dataclass(frozen=True)
class FixedRun:
    ran: Ran
    repository: Path
    untouched: bool


@pytest.fixture(scope="module")
def fixed(cache_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> FixedRun:
    """One run from a report to its fix, with --json."""
    folder = tmp_path_factory.mktemp("fixed")
    commit(folder / "shop", SHOP)
    (folder / "issue.md").write_text(ISSUE)
    before = everything_in(folder / "shop")
    ran = CommandLine(cache_dir, folder / "out").run(folder / "shop", "--issue", folder / "issue.md", "--json")
    return FixedRun(ran, folder / "shop", everything_in(folder / "shop") == before)


def test_a_report_leads_to_a_proved_fix(fixed: FixedRun) -> None:
    assert (fixed.ran.code, fixed.ran.verdict, fixed.ran.err) == (0, "fixed", "")
    assert fixed.ran.files == ["fix.patch", "report.html", "report.json", "test.patch"]


def test_json_is_one_document_that_fits_the_schema(fixed: FixedRun) -> None:
    document = json.loads(fixed.ran.out)

    assert document == fixed.ran.report
    Draft202012Validator(SCHEMA).validate(document)


def test_the_repository_is_not_touched(fixed: FixedRun) -> None:
    assert fixed.untouched


def test_the_patches_apply_to_a_clone_and_make_its_suite_green(fixed: FixedRun, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", str(fixed.repository), "clone")
    clone = tmp_path / "clone"

    git(clone, "apply", str(fixed.ran.out_dir / "test.patch"))
    red = subprocess.run([sys.executable, "-m", "pytest", "-q"], cwd=clone, capture_output=True, check=False)
    git(clone, "apply", str(fixed.ran.out_dir / "fix.patch"))
    green = subprocess.run([sys.executable, "-m", "pytest", "-q"], cwd=clone, capture_output=True, check=False)

    assert (red.returncode, green.returncode) == (1, 0)
    assert git(clone, "status", "--porcelain", "--untracked-files=no").split() == [
        *("M", "pricing.py"),
        *("M", "tests/test_pricing.py"),
    ]


def test_a_change_that_breaks_another_test_is_not_sent(fixed: FixedRun) -> None:
    """A threshold of 99 satisfies the report, but not the test just below the threshold."""
    patch = (fixed.ran.out_dir / "fix.patch").read_text()

    assert "+    if total >= threshold:" in patch
    assert fixed.ran.report["suite"]["changes"] == []


def test_a_log_leads_to_a_fix_that_apply_writes(fixbugs: CommandLine, red_shop: Path, tmp_path: Path) -> None:
    (tmp_path / "ci.log").write_text(LOG)
    (red_shop / "notes.txt").write_text("mine\n")

    ran = fixbugs.run(red_shop, "--log", tmp_path / "ci.log", "--apply")

    assert (ran.code, ran.verdict) == (0, "fixed")
    assert ran.err == f"fixbugs: wrote {red_shop / 'rates.py'}\n"
    assert (red_shop / "rates.py").read_text() == FIXED_RATES
    assert git(red_shop, "status", "--porcelain").splitlines() == [" M rates.py", "?? notes.txt"]
    assert ran.files == ["fix.patch", "report.html", "report.json"]


def test_apply_refuses_when_the_file_has_changed_since_the_commit(fixbugs: CommandLine, red_shop: Path) -> None:
    (red_shop / "rates.py").write_text(RATES + "\n\nRATE = 0.9\n")
    before = everything_in(red_shop)

    ran = fixbugs.run(red_shop, "--failing-test", RED_ID, "--apply")

    assert (ran.code, ran.verdict) == (2, "fixed")
    assert ran.err.startswith("fixbugs: rates.py has changed since the commit that was worked on; nothing was written.")
    assert everything_in(red_shop) == before
    assert "Note: " in ran.out, "the person is told that uncommitted changes were not seen"
    assert "uncommitted" in ran.out


def test_reproduce_writes_the_failing_test_alone(fixbugs: CommandLine, shop: Path) -> None:
    ran = fixbugs.run(shop, "--issue", "-", "--goal", "reproduce", stdin=ISSUE.encode())

    assert (ran.code, ran.verdict, ran.err) == (0, "reproduced", "")
    assert ran.files == ["report.html", "report.json", "test.patch"]
    git(shop, "apply", "--check", str(ran.out_dir / "test.patch"))


def test_explain_names_places_and_writes_no_patch(fixbugs: CommandLine, shop: Path, issue: Path) -> None:
    ran = fixbugs.run(shop, "--issue", issue, "--goal", "explain")

    assert (ran.code, ran.verdict) == (0, "explained")
    assert ran.files == ["report.html", "report.json"]
    assert "pricing.py:" in ran.out


def test_already_fixed_names_the_commit_that_did_it(fixbugs: CommandLine, shop: Path, issue: Path) -> None:
    commit(shop, {"NOTES.md": "one\n"}, "Note")
    fixing = commit(shop, {"pricing.py": FIXED_PRICING}, "Give the discount from the threshold on")
    for number in range(2):
        commit(shop, {"NOTES.md": f"more {number}\n"}, f"Note {number}")

    ran = fixbugs.run(shop, "--issue", issue)

    assert (ran.code, ran.verdict) == (3, "already fixed")
    assert fixing[:10] in ran.report["verdict"]["sentence"]
    assert ran.files == ["report.html", "report.json"]


def test_ref_names_the_commit_to_work_on(fixbugs: CommandLine, shop: Path, issue: Path) -> None:
    old = git(shop, "rev-parse", "HEAD").strip()
    commit(shop, {"pricing.py": FIXED_PRICING}, "Give the discount from the threshold on")

    ran = fixbugs.run(shop, "--issue", issue, "--ref", "HEAD~1", "--goal", "reproduce")

    assert (ran.code, ran.verdict) == (0, "reproduced")
    assert ran.report["run"]["commit"]["sha"] == old


def test_a_test_that_passes_is_not_reproducible(fixbugs: CommandLine, shop: Path) -> None:
    ran = fixbugs.run(shop, "--failing-test", "tests/test_pricing.py::test_large_totals_get_ten_percent")

    assert (ran.code, ran.verdict) == (3, "not reproducible")
    assert any("passed 3 of 3" in tried for tried in ran.report["verdict"]["tried"])
    assert ran.files == ["report.html", "report.json"]


def test_a_thin_report_is_answered_with_precise_questions(fixbugs: CommandLine, shop: Path) -> None:
    ran = fixbugs.run(shop, "--issue", "-", stdin=THIN.encode())

    assert (ran.code, ran.verdict) == (3, "needs information")
    assert any("Which code shows it?" in question for question in ran.report["verdict"]["questions"])
    assert ran.files == ["report.html", "report.json"]


HUNDRED = "\n\ndef test_a_hundred_counts_as_large():\n    assert discount(100) == 90\n"


def test_a_change_that_holds_up_is_validated(fixbugs: CommandLine, shop: Path) -> None:
    commit(shop, {"pricing.py": FIXED_PRICING, "tests/test_pricing.py": TESTS + HUNDRED}, "Count a hundred")

    ran = fixbugs.run(shop, "--goal", "validate", "--base", "HEAD~1")

    assert (ran.code, ran.verdict) == (0, "validated")
    assert ran.files == ["report.html", "report.json"]


def test_a_change_that_no_test_needs_is_not_validated(fixbugs: CommandLine, shop: Path) -> None:
    files = {"pricing.py": f"LIMIT = 7\n{FIXED_PRICING}", "tests/test_pricing.py": TESTS + HUNDRED}
    commit(shop, files, "Count a hundred, and more")

    ran = fixbugs.run(shop, "--goal", "validate", "--base", "HEAD~1")

    assert (ran.code, ran.verdict) == (3, "not validated")
    assert "pricing.py:1 is not needed by any test" in ran.report["verdict"]["sentence"]


def test_validating_needs_something_to_hold_the_change_against(fixbugs: CommandLine, shop: Path) -> None:
    ran = fixbugs.run(shop, "--goal", "validate")

    assert ran.code == 2
    assert "holds --ref against --base" in ran.err
