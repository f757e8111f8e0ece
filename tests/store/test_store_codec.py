"""The codec: whatever a run holds comes back as it was, and what cannot be read says so."""

from __future__ import annotations

import json
import zlib
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import builders
from bot.core.artifacts import Artifact, Environment, Publication, RootCause, SourceText
from bot.core.commands import Ask, Command, Instructed
from bot.core.evidence import Evidence
from bot.core.forge import Actor, Place
from bot.core.outcomes import GiveUp, RunRecord, StageRecord
from bot.core.patch import FileEdit, Patch
from bot.core.run import Commit, Document, Run
from bot.store.codec import Unreadable, decode, decode_artifact, decode_command, encode, encode_named

ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])
PLAIN: dict[object, st.SearchStrategy[object]] = {
    str: st.text(st.characters(), max_size=8),  # lone surrogates included
    bytes: st.binary(max_size=8),
    int: st.integers(),
    bool: st.booleans(),
    float: st.floats(allow_nan=False),
    NoneType: st.none(),
    datetime: st.datetimes(timezones=ZONES),
}


def anything(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of a type out of the core, with every field filled."""
    if kind in PLAIN:
        return PLAIN[kind]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(kind)
    if kind is Patch:  # which wants distinct paths
        edits = st.lists(anything(FileEdit), unique_by=lambda edit: edit.path, max_size=2)
        return edits.map(lambda found: Patch(tuple(found)))
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind)
        return st.builds(kind, **{field.name: anything(hints[field.name]) for field in fields(kind)})
    if get_origin(kind) in (UnionType, Union):
        return st.one_of(*map(anything, get_args(kind)))
    assert get_origin(kind) is tuple, f"the codec was never tried on {kind}"
    *items, last = get_args(kind)
    if last is Ellipsis:
        return st.lists(anything(items[0]), max_size=2).map(tuple)
    return st.tuples(*map(anything, (*items, last)))


quick = settings(max_examples=15, deadline=None, database=None, suppress_health_check=list(HealthCheck))
NAMED = (*get_args(Artifact), *get_args(Command))
KEPT = (Run, StageRecord, Evidence, GiveUp, SourceText)


@pytest.mark.parametrize("kind", NAMED, ids=lambda kind: kind.__name__)
def test_every_artifact_and_command_comes_back_as_it_was(kind: type) -> None:
    @quick
    @given(anything(kind))
    def check(value: object) -> None:
        read = decode_artifact if kind in get_args(Artifact) else decode_command
        assert read(encode_named(value), "Run r1") == value

    check()


@pytest.mark.parametrize("kind", KEPT, ids=lambda kind: kind.__name__)
def test_everything_else_that_a_run_holds_comes_back_as_it_was(kind: type) -> None:
    @quick
    @given(anything(kind))
    def check(value: object) -> None:
        assert decode(encode(value), kind, "Run r1") == value

    check()


@pytest.mark.parametrize("kind", NAMED, ids=lambda kind: kind.__name__)
def test_no_field_of_an_artifact_or_command_is_left_out(kind: type) -> None:
    @settings(quick, max_examples=1)
    @given(anything(kind))
    def check(value: object) -> None:
        name, plain = json.loads(zlib.decompress(encode_named(value)).decode("utf-8", "surrogatepass"))
        assert is_dataclass(kind)
        assert name == kind.__name__
        assert set(plain) == {field.name for field in fields(kind)}

    check()


def test_a_whole_run_with_its_evidence_comes_back_as_it_was() -> None:
    record: RunRecord = builders.fixed_record()

    assert decode(encode(record.run), Run, "Run r1") == record.run
    assert [decode_artifact(encode_named(made), "Run r1") for made in record.artifacts] == list(record.artifacts)
    kept = encode(record.evidence, tuple[Evidence, ...])
    assert decode(kept, tuple[Evidence, ...], "Run r1") == record.evidence


def test_bytes_come_back_as_they_were() -> None:
    log = Document("build.log", bytes(range(256)) * 4)

    assert decode(encode(log), Document, "Run r1") == log


def test_two_halves_of_a_character_stay_two() -> None:
    halves = SourceText("a.log", "log", "\ud83d\ude00 \udcff")

    assert decode(encode(halves), SourceText, "Run r1").text == "\ud83d\ude00 \udcff"


def test_a_time_keeps_its_offset() -> None:
    at = datetime(2026, 3, 9, 10, 0, tzinfo=timezone(timedelta(hours=2)))

    kept = decode(encode(Commit("a" * 40, "Add", "Ada", at)), Commit, "Run r1")

    assert kept.at.isoformat() == "2026-03-09T10:00:00+02:00"


def test_what_is_kept_is_small() -> None:
    text = SourceText("a.log", "log", "the same line again and again\n" * 1000)

    assert len(encode(text)) < 1000


def packed(plain: object) -> bytes:
    return zlib.compress(json.dumps(plain).encode())


def test_a_field_that_is_unknown_here_is_named_with_its_run_and_type() -> None:
    with pytest.raises(Unreadable) as said:
        decode_artifact(packed(["Publication", {"places": [], "colour": "red"}]), "Run r1")

    assert str(said.value) == (
        "Run r1 holds a Publication that cannot be read: extra fields found (colour). It was kept by another version "
        "of FixBugs: let that version finish its runs before you change versions, or ask for the run again."
    )


def test_a_field_that_is_lacking_is_named_with_its_run_and_type() -> None:
    with pytest.raises(Unreadable, match=r"Run r1 holds a RootCause .* required field missing at statement"):
        decode_artifact(packed(["RootCause", {"suspects": []}]), "Run r1")


def test_a_field_that_an_older_version_did_not_have_takes_its_default() -> None:
    made = decode(packed({"name": "a", "kind": "log", "text": ""}), SourceText, "Run r1")

    assert made == SourceText("a", "log", "")


def test_a_type_that_is_unknown_here_is_named_with_its_run() -> None:
    with pytest.raises(Unreadable, match="Run r1 holds the artifact 'Horoscope', which this version"):
        decode_artifact(packed(["Horoscope", {}]), "Run r1")


def test_a_command_is_no_artifact() -> None:
    command = Instructed(Place(1, "ada/shop"), 1, False, Actor("ada"), Ask.FIX)

    with pytest.raises(Unreadable, match="'Instructed'"):
        decode_artifact(encode_named(command), "Run r1")


@pytest.mark.parametrize(
    "data",
    [b"", b"not compressed", encode(Publication(()))[:-3], zlib.compress(b"{"), zlib.compress(b"\xff"), packed([1])],
    ids=["empty", "plain", "cut off", "no JSON", "no text", "another shape"],
)
def test_bytes_that_are_no_record_are_refused_by_name(data: bytes) -> None:
    with pytest.raises(Unreadable, match="Run r1 holds"):
        decode_artifact(data, "Run r1")


@pytest.mark.parametrize("kind", [Environment, RootCause])
def test_a_record_of_another_shape_is_refused_by_name(kind: type) -> None:
    with pytest.raises(Unreadable, match="Run r1 holds a"):
        decode(packed({"suspects": 7, "statement": [], "toolchain": None}), kind, "Run r1")
