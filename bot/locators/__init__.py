"""Locators: each ranks suspects by one kind of evidence. A new one is a file and a line here."""

from bot.locators.spectrum import SpectrumLocator
from bot.locators.traceback import TracebackLocator
from bot.locators.words import WordsLocator
from bot.ports import Locator

LOCATORS: tuple[Locator, ...] = (TracebackLocator(), WordsLocator(), SpectrumLocator())

__all__ = ["LOCATORS"]
