"""Reproduces with tests that are in the repository already: named by a person, else shown failing by a log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.core.artifacts import CandidateTest
from bot.core.testing import FailureSignature
from bot.ports import ReproduceQuestion
from bot.reproducers.targets import resolve_targets

_SHOWN = 3


class FailingCheck:
    """Proposes existing tests. A test that a person named is its own authority: it may fail in any way."""

    name = "failing_check"

    def propose(self, question: ReproduceQuestion) -> Sequence[CandidateTest]:
        """At most one candidate per source. Nothing when a named test is unknown: that has to be said first."""
        named = resolve_targets(question.dossier.failing_tests, question.collection.ids)
        if named.unknown:
            return ()
        logged = resolve_targets(question.analysis.test_ids, question.collection.ids)
        found = []
        if named.ids:
            # What a log says of how they fail binds only when it speaks of these very tests.
            binds = set(named.ids) <= set(logged.ids)
            signature = _as_raised(question.analysis.signature) if binds else FailureSignature()
            found.append(
                CandidateTest(named.ids, None, signature, self.name, f"{_listed(named.ids)} named as failing.")
            )
        rest = tuple(test_id for test_id in logged.ids if test_id not in set(named.ids))
        if rest and not named.ids:
            why = f"{_listed(rest)} shown failing in the report."
            found.append(CandidateTest(rest, None, _as_raised(question.analysis.signature), self.name, why))
        return found


def _as_raised(signature: FailureSignature) -> FailureSignature:
    """An assertion's message depends on how the runner explains it, so only its kind binds."""
    return replace(signature, message_part="") if signature.exception_type == "AssertionError" else signature


def _listed(ids: Sequence[str]) -> str:
    shown = ", ".join(ids[:_SHOWN]) + (f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else "")
    return f"{shown} {'was' if len(ids) == 1 else 'were'}"
