"""What a run leaves in its folder: whole files, of this run only."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

import builders
from bot.core.artifacts import Reproduction, Validation
from bot.core.errors import Permanent
from bot.core.outcomes import RunRecord
from bot.local.clock import SystemClock
from bot.local.results_folder import ResultsFolder


def published(record: RunRecord, folder: Path) -> dict[str, str]:
    return dict(asyncio.run(ResultsFolder(folder, SystemClock()).publish(record)).places)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_fixed_run_leaves_both_patches_and_both_reports(tmp_path: Path) -> None:
    record = builders.fixed_record()
    places = published(record, tmp_path / "new" / "out")

    validation, reproduction = record.artifact(Validation), record.artifact(Reproduction)
    assert validation is not None
    assert reproduction is not None
    assert reproduction.test.patch is not None
    assert Path(places["fix"]).read_text() == validation.fix.diff
    assert Path(places["test"]).read_text() == reproduction.test.patch.diff
    assert json.loads(Path(places["data"]).read_text())["verdict"]["name"] == "fixed"
    assert names(tmp_path / "new" / "out") == ["fix.patch", "report.html", "report.json", "test.patch"]


def test_a_patch_of_an_earlier_run_does_not_stay_beside_a_report_that_has_none(tmp_path: Path) -> None:
    published(builders.fixed_record(), tmp_path)
    places = published(replace(builders.fixed_record(), artifacts=()), tmp_path)

    assert sorted(places) == ["data", "report"]
    assert names(tmp_path) == ["report.html", "report.json"]


def test_files_that_are_not_ours_stay(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    published(builders.fixed_record(), tmp_path)

    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_link_in_the_folder_is_replaced_and_not_followed(tmp_path: Path) -> None:
    mine = tmp_path / "precious"
    mine.write_text("mine")
    out = tmp_path / "out"
    out.mkdir()
    (out / "fix.patch").symlink_to(mine)
    published(builders.fixed_record(), out)

    assert mine.read_text() == "mine"


def test_a_folder_that_cannot_be_had_is_said_with_what_to_do(tmp_path: Path) -> None:
    taken = tmp_path / "out"
    taken.write_text("a file")

    with pytest.raises(Permanent) as caught:
        published(builders.fixed_record(), taken)
    assert str(caught.value) == (
        f"The result could not be written to {taken}: File exists. Free some space or name another folder with --out."
    )


def test_where_not_all_can_be_written_the_earlier_result_stays_whole(tmp_path: Path) -> None:
    published(builders.fixed_record(), tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    (tmp_path / ".report.json.new").mkdir()  # in the way of the last file's draft

    with pytest.raises(Permanent):
        published(replace(builders.fixed_record(), artifacts=()), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before
