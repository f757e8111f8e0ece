"""Suspects from words: functions whose text resembles the report's (BM25 over SQLite's full-text index).

Building documents and asking lives here; taking the report's words apart lives in `query`.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from bot.core.artifacts import Suspect
from bot.core.path_roles import PathRole, role_of
from bot.core.python_source import definitions
from bot.core.tree import Tree
from bot.locators.query import Term, split_camel, terms_of
from bot.ports import LocateQuestion

MAX_SUSPECTS = 40
MAX_FILES = 200  # function-level documents are made of the most promising files only
MAX_FILE_CHARS = 400_000  # longer ones are data or generated
ROLE_WEIGHT = {PathRole.SUPPORT: 0.6, PathRole.TEST: 0.35, PathRole.GENERATED: 0.3, PathRole.VENDORED: 0.3}
NAMED_WEIGHT = 1.5  # of a definition that the report names
REST_WEIGHT = 0.7  # of what a file has outside of definitions: mostly imports
_HEADER = re.compile(r"^[ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+(\w+)", re.MULTILINE)
# Column weights of bm25(): a match in a definition's name says more than one in its path, and that more than its body.
_NAME_WEIGHT, _PATH_WEIGHT, _BODY_WEIGHT = 4.0, 2.0, 1.0


@dataclass(frozen=True, slots=True)
class _Document:
    """A function's or class header's own text, or what a file has outside of any."""

    path: str
    line: int  # 1-based
    name: str
    body: str


class WordsLocator:
    """One document per definition (nested ones apart) and one per file's rest, so suspects are function-level spans.

    Large trees are narrowed to `MAX_FILES` files first, by how many distinct words of the report they hold, rare ones
    first: indexing every function of thousands of files would take seconds and change nothing.
    """

    name = "words"

    def locate(self, question: LocateQuestion) -> Sequence[Suspect]:
        terms = terms_of(question.analysis, question.texts)
        if not terms:
            return []
        files = _promising(question.tree, terms)
        documents = [document for path, text in files for document in _documents(path, text)]
        if not documents:
            return []
        texts = dict(files)
        suspects: dict[tuple[str, int, int], Suspect] = {}
        named = {symbol.rpartition(".")[2] for symbol in question.analysis.named_symbols}
        for score, document in _ranked(documents, terms, named):
            suspect = _suspect(document, texts[document.path], score, terms)
            suspects.setdefault((suspect.path, suspect.line_start, suspect.line_end), suspect)
            if len(suspects) >= MAX_SUSPECTS:
                break
        return sorted(suspects.values(), key=lambda suspect: -suspect.score)


def _promising(tree: Tree, terms: Sequence[Term]) -> list[tuple[str, str]]:
    """The (path, text) pairs worth taking apart."""
    sources = []
    for path in sorted(tree):
        entry = tree.files[path]
        if path.endswith((".py", ".pyx")) and not entry.symlink and len(entry.content) <= MAX_FILE_CHARS:
            text = tree.text(path)
            if text:
                sources.append((path, text))
    if len(sources) <= MAX_FILES:
        return sources
    lowered = [f"{path}\n{text}".lower() for path, text in sources]
    scores = [0.0] * len(sources)
    for term in terms:
        holding = [position for position, text in enumerate(lowered) if term.text in text]
        for position in holding:
            scores[position] += term.weight / (1 + len(holding))
    for position, (path, _) in enumerate(sources):
        scores[position] *= ROLE_WEIGHT.get(role_of(path), 1.0)
    best = sorted(range(len(sources)), key=lambda position: -scores[position])[:MAX_FILES]
    return [sources[position] for position in sorted(best)]


def _documents(path: str, text: str) -> Iterator[_Document]:
    headers = list(_HEADER.finditer(text))
    ends = [*(header.start() for header in headers), len(text)]
    if text[: ends[0]].strip():
        yield _Document(path, 1, "", text[: ends[0]])
    line, counted = 1, 0
    for header, end in zip(headers, ends[1:], strict=True):
        line += text.count("\n", counted, header.start(1))
        counted = header.start(1)
        yield _Document(path, line, header[1], text[header.start() : end])


def _ranked(
    documents: Sequence[_Document], terms: Sequence[Term], named: Collection[str]
) -> Iterator[tuple[float, _Document]]:
    """(score, document), best first. Files' roles weigh in, so the index is asked for more than is kept."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE VIRTUAL TABLE documents USING fts5(name, path, body, detail=full, content='')")
        database.executemany(
            "INSERT INTO documents(rowid, name, path, body) VALUES (?, ?, ?, ?)",
            ((n, split_camel(d.name), split_camel(d.path), split_camel(d.body)) for n, d in enumerate(documents)),
        )
        # A term counts as often as it is named, which is how a query gives weights to its words.
        asked = " OR ".join(f'"{term.text}"' for term in terms for _ in range(round(term.weight)))
        rows = database.execute(
            f"SELECT rowid, bm25(documents, {_NAME_WEIGHT}, {_PATH_WEIGHT}, {_BODY_WEIGHT}) AS badness"  # noqa: S608 - constants of this file
            " FROM documents WHERE documents MATCH ? ORDER BY badness LIMIT ?",
            (asked, MAX_SUSPECTS * 4),
        ).fetchall()
    weighed = [(-badness * _weight(documents[n], named), documents[n]) for n, badness in rows]
    yield from sorted(weighed, key=lambda pair: -pair[0])


def _weight(document: _Document, named: Collection[str]) -> float:
    kind = NAMED_WEIGHT if document.name in named else 1.0 if document.name else REST_WEIGHT
    return kind * ROLE_WEIGHT.get(role_of(document.path), 1.0)


def _suspect(document: _Document, text: str, score: float, terms: Sequence[Term]) -> Suspect:
    body = split_camel(f"{document.name} {document.path} {document.body}").lower()
    held = set(re.findall(r"[a-z0-9]+", body))
    shared = [term.text for term in terms if term.text in held][:5]
    reason = f"Shares words with the report: {', '.join(shared)}."
    outline = definitions(text) if document.name else ()
    around = next((d for d in outline if d.name == document.name and d.line_start <= document.line <= d.line_end), None)
    if around is None:
        last = document.line + max(0, document.body.rstrip().count("\n"))
        return Suspect(document.path, document.line, last, score, document.name, (reason,))
    return Suspect(document.path, around.line_start, around.line_end, score, around.qualname, (reason,))
