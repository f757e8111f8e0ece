"""What was handed in becomes clean text, and what could not be read is said."""

from __future__ import annotations

from dataclasses import replace

import pytest
from stage_runs import context_of, ran

from bench import instant
from bot.core.artifacts import Dossier, SourceText
from bot.core.errors import InputError
from bot.core.evidence import Evidence, EvidenceKind, Provenance
from bot.core.outcomes import Advance, GiveUp
from bot.core.run import Commit, Document, Report, Run, StageName, Verdict
from bot.core.tree import Tree, TreeFile
from bot.ports import Gathered
from bot.stages.gather import (
    FOUND_LIMIT_BYTES,
    LOG_LIMIT_BYTES,
    fair_share,
    read_documents,
    undecodable,
    without_middle,
)


def issue(content: bytes) -> Report:
    return Report(issue=Document("issue.md", content))


def log(content: bytes) -> SourceText:
    (text,), _ = read_documents(Report(logs=(Document("ci.log", content),)))
    return text


def attached(content: bytes) -> tuple[str, ...]:
    """What is said of an attachment that cannot be read."""
    report = Report(attachments=(Document("shot", content),), failing_tests=(instant.FAILING,))
    return read_documents(report)[1]


def test_the_dossier_pins_the_commit_and_keeps_the_notices() -> None:
    deps = instant.deps(code=instant.InstantCode(warnings=("Uncommitted changes are not seen.",)))
    stage = ran(context_of(StageName.GATHER, deps=deps))

    assert isinstance(stage.outcome, Advance)
    assert isinstance(stage.outcome.artifact, Dossier)
    assert stage.outcome.artifact.commit.sha == "a" * 40
    assert stage.outcome.artifact.notices == ("Uncommitted changes are not seen.",)
    assert stage.findings == ["aaaaaaaaaa Add totals"]


def test_what_was_changed_on_the_way_in_is_evidence() -> None:
    stage = ran(context_of(StageName.GATHER, report=issue("Caf\xe9 is closed".encode("latin-1"))))

    assert stage.claims == ["issue.md: not UTF-8; read as Windows-1252."]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b" \n", "issue.md is empty. Describe the bug in it, or leave it out."),
        (b"a\0b", "issue.md is binary. Give text: Markdown, a log, or a traceback."),
        (b"<!-- fill this in -->", "issue.md holds no visible text. Describe the bug in it, or leave it out."),
        (b"x" * (2 << 20), "issue.md is 2.0 MiB; an issue may have 1 MiB. Pass long output with --log."),
    ],
)
def test_an_issue_that_says_nothing_is_bad_input(content: bytes, said: str) -> None:
    with pytest.raises(InputError) as caught:
        read_documents(issue(content))
    assert str(caught.value) == said


def test_no_report_at_all_is_bad_input() -> None:
    with pytest.raises(InputError) as caught:
        read_documents(Report())
    assert str(caught.value) == "There is no report: give an issue, a log or a failing test."


@pytest.mark.parametrize("text", ["BMW dealers cannot log in", "RIFFs are not played", "GIF89a is refused"])
def test_a_text_that_begins_as_an_image_might_is_read(text: str) -> None:
    assert attached(text.encode()) == ()


@pytest.mark.parametrize("content", [b"\x89PNG\r\n", b"\xff\xd8\xff\xe0", b"BM\x9a\0\0\0", b"GIF89a\1\0\1\0"])
def test_an_image_is_said_to_be_unread(content: bytes) -> None:
    assert attached(content) == ("shot is an image, and no model that can see is configured.",)


def test_an_attachment_that_cannot_be_read_is_said_and_stops_nothing() -> None:
    assert attached(b"PK\3\4\0\0") == ("shot is binary. Give text: Markdown, a log, or a traceback.",)


def test_utf_16_is_read() -> None:
    assert log("it fails: \u2713".encode("utf-16")).text.strip() == "it fails: \u2713"


@pytest.mark.parametrize("limit_bytes", range(200, 230))
def test_a_long_log_loses_its_middle_between_lines_and_stays_utf_8(limit_bytes: int) -> None:
    line = "✓ passed é\n"
    kept = without_middle(line.encode() * 100 + b"the end\n", limit_bytes).decode()

    assert len(kept.encode()) <= limit_bytes + 1
    assert kept.splitlines()[-1] == "the end"
    assert set(kept.splitlines()) == {"✓ passed é", "", "the end"}


def test_a_log_that_was_cut_says_so() -> None:
    text = log(b"collected 1 item\n" * (LOG_LIMIT_BYTES // 17 + 70_000))

    assert text.notes == ("1.1 MiB in the middle were left out; the start and the end were read",)


def test_python_sources_that_cannot_be_decoded_are_named() -> None:
    latin = b"# caf\xe9\n"
    sources = {
        "b.py": latin,
        "a.py": latin,
        "coded.py": b"# coding: latin-1\n" + latin,
        "c.py": b"",
        "notes.txt": latin,
    }

    assert undecodable(Tree({path: TreeFile(content) for path, content in sources.items()})) == (
        "a.py (and 1 more) is not in the encoding that it declares (UTF-8, when it declares none) and was not read: "
        "save it as UTF-8, or declare its encoding in its first line.",
    )
    assert undecodable(Tree({"coded.py": TreeFile(sources["coded.py"])})) == ()


def test_guidance_comes_first_then_the_issue_the_comments_and_the_logs() -> None:
    report = Report(
        issue=Document("issue #12", b"# Wrong total"),
        comments=(Document("comment 1 by @ada", b"Seen too."),),
        logs=(Document("log of check test", b"1 failed"),),
        guidance=Document("guidance by @bob", b"Only for coupons."),
    )
    texts, _ = read_documents(report)

    assert [(text.name, text.kind) for text in texts] == [
        ("guidance by @bob", "comment"),
        ("issue #12", "issue"),
        ("comment 1 by @ada", "comment"),
        ("log of check test", "log"),
    ]


def test_what_was_found_on_the_web_and_cannot_be_read_is_said_and_stops_nothing() -> None:
    report = Report(
        issue=Document("issue #12", b"# Wrong total", "https://github.example/acme/shop/issues/12"),
        comments=(Document("comment 1 by @ada", b"\0\1", "https://github.example/acme/shop/issues/12#1"),),
        logs=(Document("log of check test", b" ", "https://github.example/acme/shop/runs/1"),),
    )
    texts, unread = read_documents(report)

    assert [text.name for text in texts] == ["issue #12"]
    assert unread == (
        "comment 1 by @ada is binary. Give text: Markdown, a log, or a traceback.",
        "log of check test is empty. Describe the bug in it, or leave it out.",
    )


def test_secrets_never_reach_the_dossier() -> None:
    token = "ghp_" + "a1B2" * 9
    stage = ran(context_of(StageName.GATHER, report=issue(f"It prints {token}".encode())))

    assert isinstance(stage.outcome, Advance)
    assert token not in repr(stage.outcome.artifact)
    assert stage.claims == ["issue.md: 1 GitHub token was removed."]


class NothingToGoBy:
    async def report(self, run: Run) -> Gathered:
        return Gathered(Report(), give_up=GiveUp(Verdict.NEEDS_INFORMATION, "No check fails.", ("What is wrong?",)))


def test_a_run_with_nothing_to_go_by_asks_for_information() -> None:
    deps = replace(instant.deps(), reports=NothingToGoBy())
    stage = ran(context_of(StageName.GATHER, deps=deps))

    assert stage.outcome == GiveUp(Verdict.NEEDS_INFORMATION, "No check fails.", ("What is wrong?",))


# ------------------------------------------------------------- what was found on the web

TOKEN = f"ghp_{'a1B2' * 9}"


@pytest.mark.parametrize("kind", ["comments", "logs", "attachments"])
def test_whatever_was_found_is_kept_up_to_a_size(kind: str) -> None:
    """Anybody may attach twenty files of five megabytes, and a run is kept for a month."""
    lines = "".join(f"{n:x} {n * n:x}\n" for n in range(300_000)).encode()
    many = tuple(Document(f"{kind} {n}", lines, "https://forge.example/1") for n in range(20))
    short = Document("short", b"It is 4.", "https://forge.example/2")
    found = (*many, short)
    reports = {
        "comments": Report(comments=found),
        "logs": Report(logs=found),
        "attachments": Report(attachments=found),
    }
    texts, _ = read_documents(reports[kind])

    assert sum(len(text.text) for text in texts) <= FOUND_LIMIT_BYTES[kind.removesuffix("s")]
    assert all(text.text.startswith("0 0\n") and "left out" in text.notes[0] for text in texts[:-1])
    assert texts[-1].text == "It is 4."


def test_what_somebody_handed_in_is_read_to_its_own_limit_whatever_was_found() -> None:
    mine = Document("ci.log", b"line\n" * 4_000_000)
    found = Document("log of check a", b"line\n" * 4_000_000, "https://forge.example/1")
    texts, _ = read_documents(Report(logs=(mine, found)))

    assert [len(text.text) > FOUND_LIMIT_BYTES["log"] for text in texts] == [True, False]


@pytest.mark.parametrize(
    ("sizes", "share"), [((), 12), ((5, 7), 12), ((5, 8), 7), ((100, 1, 100), 5), ((4, 4, 4, 4), 3), ((13,), 12)]
)
def test_short_texts_leave_their_room_to_long_ones(sizes: tuple[int, ...], share: int) -> None:
    assert fair_share(sizes, 12) == share
    assert sum(min(size, share) for size in sizes) <= 12


def test_names_notices_facts_and_subjects_keep_no_secret_and_nothing_unseen() -> None:
    class Reports:
        async def report(self, run: Run) -> Gathered:
            said = Document(f"comment 1 by @eve on {TOKEN}\u202e.py:1", b"It is 4.", "https://forge.example/1")
            picture = Document(f"{TOKEN}.png", b"\x89PNG\0", "https://forge.example/2")
            fact = Evidence(
                EvidenceKind.TEST, f"The check {TOKEN} failed.", Provenance(f"check {TOKEN}"), f"{TOKEN}\x1b[31m"
            )
            notice = f"The log of {TOKEN}\u200b could not be read: gone."
            return Gathered(Report(comments=(said,), attachments=(picture,)), (notice,), (fact,))

    code = instant.InstantCode(((Commit("a" * 40, f"Use {TOKEN}", f"Eve {TOKEN}", instant.START), Tree({})),))
    stage = ran(context_of(StageName.GATHER, deps=replace(instant.deps(code=code), reports=Reports())))

    assert isinstance(stage.outcome, Advance)
    kept = repr((stage.outcome.artifact, stage.evidence, stage.findings))
    assert TOKEN not in kept
    assert kept.count("[redacted: GitHub token]") >= 6
    assert not any(hidden in kept for hidden in ("\\u202e", "\\u200b", "\\x1b"))
