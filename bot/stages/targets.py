"""Tests that people or logs name, as ids the runner knows. Shared by root cause and reproduction."""

from __future__ import annotations

from bot.core.artifacts import Analysis, Dossier, Environment
from bot.reproducers.targets import Resolved, resolve_targets


def named_tests(dossier: Dossier, analysis: Analysis, environment: Environment) -> Resolved:
    """Those the person named; where none, those the report or a log shows failing."""
    return resolve_targets(dossier.failing_tests or analysis.test_ids, environment.collection.ids)
