"""Reproduces with a new test, built from the code a report shows and what it states should happen. Runs nothing.

Where nothing is stated nothing is proposed: a value is never invented.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from bot.core.artifacts import Analysis, CandidateTest
from bot.core.patch import FileEdit, Patch
from bot.core.python_source import parse_module
from bot.core.testing import FailureSignature
from bot.core.tree import Tree
from bot.ports import ReproduceQuestion
from bot.reproducers.drafting import Draft, draft
from bot.reproducers.given_tests import GivenTests, given_tests
from bot.reproducers.insertion import NewTest, written
from bot.reproducers.modules import Import, Modules, imports_in
from bot.reproducers.naming import called_names, fits, needs_of, only_prints
from bot.reproducers.pairing import Case, Demand, cases_in
from bot.reproducers.placement import Place, Subject, name_for, names_taken, place_for

MOST = 6
_QUOTED_CHARS = 160
_GUIDANCE = "guidance"  # how texts begin to be named that came with the wish for a run
_AMBIGUOUS = 3  # a method that more files define says nothing about which is meant


class SnippetTest:
    """Proposes tests made of the report's own code."""

    name = "snippet"

    def propose(self, question: ReproduceQuestion) -> Sequence[CandidateTest]:
        """At most MOST candidates, most faithful first; none where the report states nothing that can be checked."""
        workshop = _Workshop(question, Modules(question.tree), _near(question.analysis, question.tree))
        found: dict[str, CandidateTest] = {}
        for candidate in workshop.candidates():
            if candidate.patch is not None:
                found.setdefault(candidate.patch.diff, candidate)
            if len(found) == MOST:
                break
        return tuple(found.values())


@dataclass(frozen=True, slots=True)
class _Workshop:
    """One question, and what is looked up in its tree. `near` are the paths that the report names."""

    question: ReproduceQuestion
    modules: Modules
    near: frozenset[str]

    def candidates(self) -> Iterator[CandidateTest]:
        for given in given_tests(self.question.analysis):
            if made := self._given(given):
                yield made
        for case in cases_in(self.question.analysis):
            if made := self._case(case):
                yield made

    def _case(self, case: Case) -> CandidateTest | None:
        """The test of one case, or None when it cannot be written without guessing."""
        alone = [claim.expression for claim in case.claims if case.script is None and claim.expression is not None]
        if not all(fits(expression, self.modules, self.near) for expression in alone):
            return None
        place = place_for(self.question.tree, self.question.collection.ids, self._subject(case))
        body = draft(case, place.style, partial(only_prints, modules=self.modules))
        if body is None:
            return None
        needs = needs_of(body.body, case.script, self.modules, self.near, body.modules)
        if needs.missing or not _about_the_tree(body.body, needs.imports, self.modules):
            return None
        return self._candidate(case, place, body, NewTest("", body.body, needs.imports, body.fixtures))

    def _candidate(self, case: Case, place: Place, body: Draft, test: NewTest) -> CandidateTest | None:
        symbols = self._subject(case).symbols
        fallback = f"{symbols[0]} as reported" if symbols else ""
        name = name_for(self._title(case, symbols), fallback, names_taken(place))
        patch = self._patch(place, replace(test, name=name))
        if patch is None:
            return None
        ids = ("::".join(part for part in (place.path, place.class_name, name) if part),)
        return CandidateTest(ids, patch, self._signature(case), SnippetTest.name, _why(case))

    def _title(self, case: Case, symbols: Sequence[str]) -> str:
        """The report's title; "" where somebody asked for something else in it: in a review, for one."""
        title = self.question.analysis.title
        besides = case.provenance.source.startswith(_GUIDANCE)
        return "" if besides and not any(symbol.lower() in title.lower() for symbol in symbols) else title

    def _given(self, given: GivenTests) -> CandidateTest | None:
        """The report's own tests, written as they are."""
        needs = needs_of(given.source, given.script, self.modules, self.near)
        if needs.missing:
            return None
        subject = self._subject_of([parse_module(given.source)], [i.name for i in needs.imports])
        place = replace(place_for(self.question.tree, self.question.collection.ids, subject), class_name="")
        if set(given.names) & names_taken(place):
            return None
        patch = self._patch(place, NewTest("", given.source, needs.imports))
        if patch is None:
            return None
        ids = tuple(f"{place.path}::{test}" for test in given.tests)
        why = f"The report ({given.provenance}) brings its own test {given.tests[0].rpartition('::')[2]}."
        return CandidateTest(ids, patch, _as_asserted(self.question.analysis.signature), SnippetTest.name, why)

    def _patch(self, place: Place, test: NewTest) -> Patch | None:
        after = written(place, test, self.modules)
        if not _compiles(after):
            return None
        return Patch((FileEdit(place.path, place.text, after),))

    def _subject(self, case: Case) -> Subject:
        last = [claim.expression or claim.holder for claim in case.claims]
        rest = list(case.script.statements) if case.script else []
        imported = imports_in([s for s in rest if isinstance(s, ast.Import | ast.ImportFrom)])
        return self._subject_of([*last, *rest], [item.name for item in imported])

    def _subject_of(self, nodes: Sequence[ast.AST | None], names: Sequence[str]) -> Subject:
        """What code is about: the files that define what it calls, then those in the traceback."""
        symbols = tuple(dict.fromkeys([*called_names([n for n in nodes if n is not None]), *filter(None, names)]))
        files: list[str] = []
        known: list[str] = []
        for symbol in symbols:
            definers = self.modules.definers(symbol, inside_classes=True)
            if 0 < len(definers) <= _AMBIGUOUS:
                files += definers
                known.append(symbol)
        frames = [f.path for t in self.question.analysis.tracebacks for f in t.frames if f.path in self.question.tree]
        return Subject(tuple(dict.fromkeys([*files, *frames])), tuple(known))

    def _signature(self, case: Case) -> FailureSignature:
        """What the failing has to look like: as the report says, in the form that this test gives it."""
        signature = _as_asserted(self.question.analysis.signature)
        first = case.claims[0]
        said = first.expectation
        if first.demand is Demand.RAISES:
            wanted = said.raises.rpartition(".")[2]
            # Not raising is the failure here, and no report shows how a test runner words that.
            shown = "" if signature.exception_type == wanted else signature.exception_type
            return replace(signature, exception_type=shown, message_part=signature.message_part if shown else "")
        if first.demand is Demand.RUNS:
            shown = signature.exception_type or said.not_raises.rpartition(".")[2]
            return replace(signature, exception_type=shown)
        if len(case.claims) == 1:
            signature = replace(signature, expected=said.expected, actual=said.actual or signature.actual)
        if not signature.exception_type and all(claim.expectation.actual for claim in case.claims):
            return replace(signature, exception_type="AssertionError")  # a wrong value was seen, no exception
        return signature


def _as_asserted(signature: FailureSignature) -> FailureSignature:
    """An assertion's message depends on how the runner explains it, so only its kind binds."""
    return replace(signature, message_part="") if signature.exception_type == "AssertionError" else signature


def _near(analysis: Analysis, tree: Tree) -> frozenset[str]:
    frames = (frame.path for trace in analysis.tracebacks for frame in trace.frames)
    return frozenset(path for path in (*analysis.named_paths, *frames) if path in tree)


def _compiles(source: str) -> bool:
    """Whether an interpreter would load it; compiling runs nothing."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source, "<test>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _about_the_tree(body: str, imports: Sequence[Import], modules: Modules) -> bool:
    """Whether a test uses anything of the repository; one that does not can only show somebody else's bug."""
    module = parse_module(body)
    inner = [node for node in ast.walk(module) if isinstance(node, ast.Import | ast.ImportFrom)] if module else []
    return any(item.module.partition(".")[0] in modules.top_names for item in (*imports, *imports_in(inner)))


def _why(case: Case) -> str:
    """One sentence on where the test comes from, in the report's words where it has some."""
    first = case.claims[0]
    said = first.expectation
    where = f"The report ({case.provenance})"
    if len(case.claims) > 1:
        return f"{where} states {len(case.claims)} results of its code; all of them are checked together."
    quote = " ".join(said.quote.split()).rstrip(":.")
    quote = f"{quote[:_QUOTED_CHARS]}…" if len(quote) > _QUOTED_CHARS else quote
    quoted = f': "{quote}".' if quote else "."
    subject = f"`{said.expression}`" if said.expression and "\n" not in said.expression else "its code"
    if first.demand is Demand.VALUE:
        return f"{where} wants {subject} to give {' '.join(said.expected.split())}{quoted}"
    if first.demand is Demand.RAISES:
        return f"{where} wants {subject} to raise {said.raises}{quoted}"
    if isinstance(first.holder, ast.Assert):
        return f"{where} checks its own code{quoted}"
    return f"{where} shows code that ends in {said.not_raises or 'a failure'} and should not{quoted}"
