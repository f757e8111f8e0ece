"""The template families: one file each, one line each here. Which is tried where, and when, is not decided here."""

from bot.fixers.rules import (
    arguments,
    bases,
    calls,
    comparisons,
    conditions,
    constants,
    copies,
    flow,
    guards,
    methods,
    names,
    offsets,
    operators,
    statements,
    texts,
)
from bot.fixers.site import Rule

RULES: tuple[Rule, ...] = (
    *comparisons.RULES,
    *offsets.RULES,
    *operators.RULES,
    *names.RULES,
    *arguments.RULES,
    *calls.RULES,
    *methods.RULES,
    *conditions.RULES,
    *guards.RULES,
    *bases.RULES,
    *constants.RULES,
    *flow.RULES,
    *statements.RULES,
    *texts.RULES,
    *copies.RULES,
)
