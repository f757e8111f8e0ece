"""Logs of jobs come as their commands printed them, bounded, also out of an archive that means harm."""

from __future__ import annotations

import io
import struct
import time
import zipfile

import httpx
import pytest
from gathering_hub import JOB, REPO, Hub, asked_for, check, pull_hub
from hypothesis import given
from hypothesis import strategies as st

from bench import instant
from bot.core.artifacts import SourceText
from bot.core.errors import Permanent
from bot.github.gathering.job_log_text import HeadAndTail, plain_log, poured_now
from bot.github.gathering.log_archive import ENTRIES_AT_MOST, LogArchive
from bot.readers import read_report

ARCHIVE = f"{REPO}/actions/runs/21/logs"
CI_LOG = """\ufeff2026-01-05T12:00:00.0000001Z Current runner version: '2.330.0'
2026-01-05T12:00:00.0000002Z ##[group]Runner Image
2026-01-05T12:00:00.0000003Z Image: ubuntu-24.04
2026-01-05T12:00:00.0000004Z ##[endgroup]
2026-01-05T12:00:01.0000000Z ##[group]Run python -m pytest
2026-01-05T12:00:01.0000000Z \x1b[36;1mpython -m pytest\x1b[0m
2026-01-05T12:00:01.0000000Z ##[endgroup]
2026-01-05T12:00:02.0000000Z ============================= test session starts ==============================
2026-01-05T12:00:02.0000000Z collected 2 items
2026-01-05T12:00:02.0000000Z
2026-01-05T12:00:02.0000000Z tests/test_cart.py .F                                                    [100%]
2026-01-05T12:00:02.0000000Z
2026-01-05T12:00:02.0000000Z =================================== FAILURES ===================================
2026-01-05T12:00:02.0000000Z ______________________________ test_total_of_two _______________________________
2026-01-05T12:00:02.0000000Z
2026-01-05T12:00:02.0000000Z     def test_total_of_two():
2026-01-05T12:00:02.0000000Z >       assert total([1, 2]) == 3
2026-01-05T12:00:02.0000000Z \x1b[1m\x1b[31mE       assert 2 == 3\x1b[0m
2026-01-05T12:00:02.0000000Z E        +  where 2 = total([1, 2])
2026-01-05T12:00:02.0000000Z
2026-01-05T12:00:02.0000000Z tests/test_cart.py:5: AssertionError
2026-01-05T12:00:02.0000000Z =========================== short test summary info ============================
2026-01-05T12:00:02.0000000Z FAILED tests/test_cart.py::test_total_of_two - assert 2 == 3
2026-01-05T12:00:02.0000000Z ========================= 1 failed, 1 passed in 0.05s ==========================
2026-01-05T12:00:02.1000000Z ##[error]Process completed with exit code 1.
2026-01-05T12:00:02.2000000Z Post job cleanup.
"""


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


def test_a_log_of_github_is_read_as_the_output_of_pytest() -> None:
    text = plain_log(CI_LOG.encode()).decode()
    analysis, _ = read_report((SourceText("log of check test", "log", text),), instant.PROJECT)

    assert analysis.test_ids == ("tests/test_cart.py::test_total_of_two",)
    assert analysis.tracebacks[0].exception_type == "AssertionError"
    assert analysis.tracebacks[0].frames[-1].line == 5


def test_times_and_marks_go_and_every_line_stays() -> None:
    text = plain_log(CI_LOG.encode()).decode()

    assert "2026-01-05" not in text
    assert "##[" not in text
    assert "\ufeff" not in text
    assert text.count("\n") == CI_LOG.count("\n")
    assert text.split("\n")[4] == "Run python -m pytest"


def test_a_time_inside_a_line_stays() -> None:
    assert plain_log(b"2026-01-05T12:00:02.1Z at 2026-01-05T12:00:02.1Z ##[error]") == (
        b"at 2026-01-05T12:00:02.1Z ##[error]"
    )


@given(st.lists(st.binary(max_size=40), max_size=20), st.integers(16, 100))
def test_what_is_kept_of_a_long_log_is_its_start_and_its_end(chunks: list[bytes], limit_bytes: int) -> None:
    whole = b"".join(chunks)
    kept = poured_now(chunks, limit_bytes)

    if len(whole) <= limit_bytes:
        assert kept.content() == whole
        return
    assert kept.dropped_bytes == len(whole) - limit_bytes
    head, _, tail = kept.content().partition("[… ".encode())
    assert whole.startswith(head.removesuffix(b"\n"))
    assert whole.endswith(tail.partition(b"\n\n")[2])


def test_an_endless_log_takes_no_more_memory_than_its_limit() -> None:
    kept = HeadAndTail(1 << 20)
    for _ in range(300):
        kept.pour(b"x" * 65_535 + b"\n")
    assert len(kept.content()) <= (1 << 20) + 100
    assert b" bytes left out " in kept.content()


# ------------------------------------------------------------ the archive


def archive_hub(content: bytes) -> Hub:
    """A pull request whose failed job has no log of its own any more, only its run's archive."""
    hub = pull_hub()
    hub.answers[JOB] = httpx.Response(404, json={"message": "Not Found"})
    hub.answers[ARCHIVE] = httpx.Response(200, content=content)
    return hub


def test_a_job_without_a_log_is_looked_up_in_its_runs_archive() -> None:
    files = {"0_lint.txt": b"fine", "1_test (3.11).txt": CI_LOG.encode(), "test (3.11)/2_Run pytest.txt": b"part"}
    gathered = archive_hub(zipped(files)).gather(asked_for(is_pull=True))

    assert [log.name for log in gathered.report.logs] == ["log of check test (3.11)"]
    assert gathered.report.logs[0].content == plain_log(CI_LOG.encode())
    assert gathered.notices == ()


def test_an_archive_is_fetched_once_for_all_its_jobs() -> None:
    hub = archive_hub(zipped({"0_a.txt": b"log of a", "1_b.txt": b"log of b"}))
    hub.forge.failed = {"c" * 40: (check("a", job_id=31), check("b", job_id=32))}
    report = hub.gather(asked_for(is_pull=True)).report

    assert [log.content for log in report.logs] == [b"log of a", b"log of b"]
    assert hub.paths().count(ARCHIVE) == 1


def test_a_job_that_no_file_is_named_after_gets_the_one_log_with_an_error() -> None:
    archive = LogArchive(zipped({"0_a.txt": b"fine", "1_b.txt": b"##[error]no"}))
    assert archive.job_log("renamed since", 100) == b"##[error]no"
    assert LogArchive(zipped({"0_a.txt": b"##[error]", "1_b.txt": b"##[error]"})).job_log("c", 100) is None


def damaged(kind: str) -> bytes:
    good = zipped({"0_test.txt": b"some log text " * 100})
    if kind == "no zip":
        return b"<html>not found</html>"
    if kind == "cut":
        return good[:-30]
    if kind == "broken inside":
        return good[:40] + b"\xff" * 20 + good[60:]
    if kind == "encrypted":
        at = good.rfind(b"PK\x01\x02") + 8
        return good[:at] + b"\x01\x00" + good[at + 2 :]
    return zipped({"0_test.txt": b"x"}, zipfile.ZIP_LZMA)


@pytest.mark.parametrize("kind", ["no zip", "cut", "broken inside", "encrypted", "lzma"])
def test_an_archive_that_cannot_be_read_is_a_notice(kind: str) -> None:
    gathered = archive_hub(damaged(kind)).gather(asked_for(is_pull=True, guidance="sum them"))

    assert gathered.report.logs == ()
    assert gathered.notices[0].startswith("The log of test (3.11) could not be read: The archive of the run's logs is ")


def test_a_zip_bomb_is_refused_before_it_unpacks() -> None:
    bomb = zipped({"0_test.txt": b"0" * (300 << 20)})
    began = time.process_time()
    with pytest.raises(Permanent, match="unpacks to more than logs do"):
        LogArchive(bomb).job_log("test", 1 << 20)
    assert time.process_time() - began < 2.0


def test_many_middling_files_are_a_bomb_too() -> None:
    unit = bytes(range(256)) * 64
    files = {f"{n}_job {n}.txt": unit * 250 for n in range(70)}  # 4 MB each, packed a hundredfold
    with pytest.raises(Permanent, match="unpacks to more than logs do"):
        LogArchive(zipped(files)).job_log("none of them", 1 << 20)


def test_too_many_files_are_refused_before_they_are_listed() -> None:
    content = zipped({f"{n}_x.txt": b"" for n in range(ENTRIES_AT_MOST + 1)})
    with pytest.raises(Permanent, match="2,001 files"):
        LogArchive(content)


def test_a_second_list_of_files_is_not_followed() -> None:
    content = zipped({"0_test.txt": b"x"})
    end = content.rfind(b"PK\x05\x06")
    locator = b"PK\x06\x07" + struct.pack("<LQL", 0, end, 1)
    with pytest.raises(Permanent, match="damaged"):
        LogArchive(content[:end] + locator + content[end:])


def test_paths_that_lead_elsewhere_are_no_logs() -> None:
    archive = LogArchive(zipped({"../0_test.txt": b"##[error]", "/etc/0_test.txt": b"##[error]"}))
    assert archive.job_log("test", 100) is None
