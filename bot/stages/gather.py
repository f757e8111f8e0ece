"""Gather: pins the commit and turns what was handed in into clean text. Reads nothing into it; that is analysis."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.core.artifacts import Dossier, SourceText
from bot.core.errors import InputError
from bot.core.evidence import Evidence, EvidenceKind, Provenance
from bot.core.outcomes import Advance, StageOutcome
from bot.core.run import Document, Goal, Report, StageName
from bot.core.sanitize import sanitize
from bot.core.tree import Tree, encoding_of
from bot.stages.base import Stage, StageContext

ISSUE_LIMIT_BYTES = 1 << 20
LOG_LIMIT_BYTES = 64 << 20
# What was found on the web is anybody's, and is kept with the run: all texts of a kind together get no more than this.
FOUND_LIMIT_BYTES = {"comment": 2 << 20, "log": 12 << 20, "attachment": 4 << 20}
BINARY_SAMPLE_BYTES = 1 << 16
IMAGE_SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff")
IMAGE_WORDS = (b"GIF8", b"RIFF", b"BM")  # which a text may begin with, too


async def gather(context: StageContext) -> StageOutcome:
    """The Dossier. Raises InputError when the repository, the ref or the report cannot be used."""
    run, code = context.run, context.deps.code
    gathered = await context.deps.reports.report(run)
    if gathered.give_up is not None:
        return gathered.give_up
    needed = run.goal is not Goal.VALIDATE  # a change is judged by its tests, whatever was said
    texts, unread = await asyncio.to_thread(read_documents, gathered.report, needed=needed)
    commit = await code.resolve(run.repository, gathered.ref or run.ref)
    tree = await code.tree(run.repository, commit.sha)
    undecoded = await asyncio.to_thread(undecodable, tree)
    commit = replace(commit, subject=_shown(commit.subject), author=_shown(commit.author))
    notices = (*map(_shown, gathered.notices), *await code.notices(run.repository), *undecoded)
    context.finding(f"{commit.sha[:10]} {commit.subject}")
    context.count("texts", len(texts))
    for text in texts:
        for note in text.notes:
            context.add(Evidence(EvidenceKind.ATTACHMENT, f"{text.name}: {note}.", Provenance(text.name)))
    for fact in gathered.facts:
        where = replace(fact.provenance, source=_shown(fact.provenance.source))
        context.add(replace(fact, claim=_shown(fact.claim), quote=_shown(fact.quote), provenance=where))
    return Advance(Dossier(commit, texts, gathered.report.failing_tests, unread, notices))


def undecodable(tree: Tree) -> tuple[str, ...]:
    """A sentence when Python sources are not in the encoding that they declare: nothing can read or change them."""
    paths = [path for path, file in tree.files.items() if path.endswith(".py") and not file.symlink]
    bad = sorted(path for path in paths if encoding_of(tree.files[path].content) is None)
    if not bad:
        return ()
    others = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
    said = "is not in the encoding that it declares (UTF-8, when it declares none) and was not read"
    return (f"{bad[0]}{others} {said}: save it as UTF-8, or declare its encoding in its first line.",)


def read_documents(report: Report, *, needed: bool = True) -> tuple[tuple[SourceText, ...], tuple[str, ...]]:
    """The readable texts, and one sentence for each attachment that could not be read.

    Raises InputError for an issue or log that somebody handed in and that is empty, binary or too large: what a person
    named must count. What was found on the web must not.
    """
    texts: list[SourceText] = []
    unread: list[str] = []
    shares = _shares(report)
    for document, kind in _in_order(report):
        if kind == "attachment" and _is_image(document.content):
            unread.append(f"{_shown(document.name)} is an image, and no model that can see is configured.")
            continue
        limit_bytes = LOG_LIMIT_BYTES if kind in ("log", "attachment") else ISSUE_LIMIT_BYTES
        if document.address:
            limit_bytes = min(limit_bytes, shares.get(kind, limit_bytes))
        try:
            texts.append(_read(replace(document, name=_shown(document.name)), kind, limit_bytes))
        except InputError as exc:
            if not document.address and kind != "attachment":
                raise
            unread.append(str(exc))
    if needed and not texts and not report.failing_tests:
        raise InputError(" ".join(("There is no report: give an issue, a log or a failing test.", *unread)))
    return tuple(texts), tuple(unread)


def _in_order(report: Report) -> Iterator[tuple[Document, str]]:
    """Documents with their kinds. Those that come first count more."""
    if report.guidance is not None:
        yield report.guidance, "comment"
    if report.issue is not None:
        yield report.issue, "issue"
    yield from ((document, "comment") for document in report.comments)
    yield from ((document, "log") for document in report.logs)
    yield from ((document, "attachment") for document in report.attachments)


def _shares(report: Report) -> dict[str, int]:
    """How many bytes one text of each kind may have, of those that were found: short ones leave room to long ones."""
    sizes: dict[str, list[int]] = {kind: [] for kind in FOUND_LIMIT_BYTES}
    for document, kind in _in_order(report):
        if document.address and kind in sizes and not (kind == "attachment" and _is_image(document.content)):
            sizes[kind].append(len(document.content))
    return {kind: fair_share(sizes[kind], limit) for kind, limit in FOUND_LIMIT_BYTES.items()}


def fair_share(sizes: Sequence[int], total: int) -> int:
    """The most that one may have where all together may have `total`; `total` where all fit."""
    left = total
    for count, size in zip(range(len(sizes), 0, -1), sorted(sizes), strict=True):
        if size > left // count:
            return left // count
        left -= size
    return total


def _shown(said: str) -> str:
    """A name or a sentence with somebody's words in it, fit to be kept."""
    return sanitize(said, markdown=False).text


def _is_image(content: bytes) -> bool:
    binary = b"\0" in content[:BINARY_SAMPLE_BYTES]
    return content.startswith(IMAGE_SIGNATURES) or (binary and content.startswith(IMAGE_WORDS))


def without_middle(content: bytes, limit_bytes: int) -> bytes:
    """The start and the end, cut between lines, so that no character is cut in two."""
    head, tail = content[: limit_bytes // 8], content[len(content) - limit_bytes + limit_bytes // 8 :]
    head, tail = head[: head.rfind(b"\n") + 1] or head, tail[tail.find(b"\n") + 1 :] or tail
    return head + b"\n" + tail


def _read(document: Document, kind: str, limit_bytes: int) -> SourceText:
    content, notes = document.content, []
    if not content.strip():
        raise InputError(f"{document.name} is empty. Describe the bug in it, or leave it out.")
    if len(content) > limit_bytes:
        if kind == "issue":
            size = f"{len(content) / (1 << 20):.1f} MiB"
            raise InputError(f"{document.name} is {size}; an issue may have 1 MiB. Pass long output with --log.")
        content = without_middle(content, limit_bytes)
        dropped = (len(document.content) - len(content)) / (1 << 20)
        notes.append(f"{dropped:.2g} MiB in the middle were left out; the start and the end were read")
    if b"\0" in content[:BINARY_SAMPLE_BYTES] and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{document.name} is binary. Give text: Markdown, a log, or a traceback.")
    text, encoding = _decoded(content)
    if encoding != "utf-8":
        notes.append(f"not UTF-8; read as {encoding}")
    cleaned = sanitize(text, markdown=kind in ("issue", "comment"))
    if not cleaned.text.strip():
        raise InputError(f"{document.name} holds no visible text. Describe the bug in it, or leave it out.")
    return SourceText(document.name, kind, cleaned.text, (*notes, *cleaned.notes), document.address)


def _decoded(content: bytes) -> tuple[str, str]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace"), "UTF-16"
    encoding = encoding_of(content)
    if encoding is None or encoding.lower() not in ("utf-8", "utf-8-sig"):
        return content.decode("windows-1252", errors="replace"), "Windows-1252"
    return content.decode(encoding), "utf-8"


STAGE = Stage(StageName.GATHER, (), Dossier, gather)
