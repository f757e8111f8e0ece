"""The built-in reproducers, tried in this order. Each proposes candidate tests; none runs anything."""

from bot.ports import Reproducer
from bot.reproducers.failing_check import FailingCheck
from bot.reproducers.snippet import SnippetTest

REPRODUCERS: tuple[Reproducer, ...] = (FailingCheck(), SnippetTest())
