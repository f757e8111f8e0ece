"""What people hand in by mistake, and machines that have run out of something: a clear message and exit code each."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from command_line import ISSUE, PRICING, RED_ID, CommandLine, commit

pytestmark = pytest.mark.timeout(300)
LINE = b"2026-01-01T00:00:00Z  INFO worker-3 processed an item in 17 ms; path=/srv/app/x9.py line 41\n"
GRACE_S = 40.0  # for starting and ending on a busy machine; what hangs would take 1,000
SLOW = "import time\n\n\ndef test_waits():\n    time.sleep(1000)\n"


def test_a_test_that_does_not_exist_is_answered_with_its_nearest(fixbugs: CommandLine, red_shop: Path) -> None:
    ran = fixbugs.run(red_shop, "--failing-test", RED_ID.replace("hundred", "hundert"))

    assert ran.code == 2
    assert ran.err.startswith("fixbugs: There is no test ")
    assert f"Did you mean {RED_ID}" in ran.err


def test_a_suite_that_hangs_while_it_loads_ends_with_the_time_limit(fixbugs: CommandLine, shop: Path) -> None:
    commit(shop, {"tests/test_slow.py": "import time\n\ntime.sleep(1000)\n"})

    ran = fixbugs.run(shop, "--issue", "-", "--time-limit", "5", stdin=ISSUE.encode())

    assert (ran.code, ran.verdict) == (3, "out of time")
    assert "The time limit of 5 s ended during environment. Give more with --time-limit." in " ".join(ran.out.split())
    assert ran.wall_s < 5 + GRACE_S


def test_a_test_that_hangs_does_not_keep_the_run_from_its_end(fixbugs: CommandLine, shop: Path) -> None:
    commit(shop, {"tests/test_slow.py": SLOW})

    ran = fixbugs.run(shop, "--issue", "-", "--goal", "reproduce", "--time-limit", "9", stdin=ISSUE.encode())

    assert (ran.code, ran.verdict) in ((0, "reproduced"), (3, "out of time"))
    assert ran.wall_s < 9 + GRACE_S


def test_dependencies_that_do_not_install_are_told_as_such(fixbugs: CommandLine, shop: Path, issue: Path) -> None:
    commit(shop, {"requirements.txt": "./no-such-folder\n"})

    ran = fixbugs.run(shop, "--issue", issue)

    assert (ran.code, ran.verdict) == (3, "cannot run")
    said = " ".join(ran.out.split())
    assert "The project's environment could not be built." in said
    assert "no-such-folder" in said
    assert "Make it install at this commit, or name another with --ref." in said


def test_a_syntax_error_in_the_package_is_named_with_its_place(fixbugs: CommandLine, shop: Path, issue: Path) -> None:
    commit(shop, {"pricing.py": PRICING + "\n\ndef broken(:\n"})

    ran = fixbugs.run(shop, "--issue", issue)

    assert (ran.code, ran.verdict) == (3, "cannot run")
    assert "SyntaxError: invalid syntax, at pricing.py:15" in " ".join(ran.out.split())


def test_a_syntax_error_in_one_test_file_leaves_the_others_to_use(
    fixbugs: CommandLine, shop: Path, issue: Path
) -> None:
    commit(shop, {"tests/test_broken.py": "def test_it(:\n"})

    ran = fixbugs.run(shop, "--issue", issue, "--goal", "explain")

    assert (ran.code, ran.verdict) == (0, "explained")
    assert "Note: The tests in tests/test_broken.py do not load at this commit and were left out." in ran.out


def test_a_log_of_50_megabytes_is_read_in_reasonable_time_and_memory(fixbugs: CommandLine, red_shop: Path) -> None:
    failed = f"FAILED {RED_ID} - assert False is True\n".encode()
    log = LINE * ((50 << 20) // len(LINE)) + failed

    ran = fixbugs.run(red_shop, "--log", "-", "--goal", "reproduce", stdin=log)

    assert (ran.code, ran.verdict) == (0, "reproduced")
    assert ran.cpu_s < 60
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 1 << 20, "KiB: under 1 GiB"


def test_sources_and_reports_in_other_encodings_are_read(fixbugs: CommandLine, shop: Path) -> None:
    coded = b"# -*- coding: latin-1 -*-\n# caf\xe9\n" + PRICING.encode()
    commit(shop, {"pricing.py": coded, "NOTES.txt": b"caf\xe9 \xff\xfe\n", "data.bin": bytes(range(256))})
    report = ISSUE.replace("# No discount", "# Café: no discount").encode("windows-1252")

    ran = fixbugs.run(shop, "--issue", "-", "--goal", "reproduce", stdin=report)

    assert (ran.code, ran.verdict) == (0, "reproduced")


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of its own that holds 64 KiB."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    mount = shutil.which("mount", path=os.defpath + ":/sbin:/usr/sbin")
    if mount is None or os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    made = subprocess.run([mount, "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("mounting is not allowed here")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_disk_that_fills_up_leaves_earlier_results_whole(fixbugs: CommandLine, tiny_disk: Path, shop: Path) -> None:
    (tiny_disk / "report.json").write_text("{}")
    (tiny_disk / "filler").write_bytes(b"\0" * (52 << 10))

    ran = CommandLine(fixbugs.cache_dir, tiny_disk).run(shop, "--issue", "-", "--goal", "explain", stdin=ISSUE.encode())

    assert ran.code == 1
    assert ran.out.split("publication")[-1].count("Explained: "), "what was found is printed all the same"
    assert "No space left on device. Free some space or name another folder with --out." in ran.err
    assert (tiny_disk / "report.json").read_text() == "{}"
    assert ran.files == ["filler", "report.json"]


def test_a_full_disk_is_said_before_any_work(fixbugs: CommandLine, tiny_disk: Path, shop: Path) -> None:
    (tiny_disk / "filler").write_bytes(b"\0" * (64 << 10))

    ran = CommandLine(fixbugs.cache_dir, tiny_disk).run(shop, "--issue", "-", stdin=ISSUE.encode())

    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        f"fixbugs: The folder for results {tiny_disk} has no space left: "
        "free some, or choose another folder with --out.\n"
    )


def test_a_cache_without_space_for_an_environment_is_named(tmp_path: Path, tiny_disk: Path, shop: Path) -> None:
    ran = CommandLine(tiny_disk, tmp_path / "out").run(shop, "--issue", "-", stdin=ISSUE.encode())

    assert ran.code == 1
    assert "No space left on the disk" in ran.err
    assert "FIXBUGS_CACHE_DIR" in ran.err
    assert ran.files == ["report.html", "report.json"]
