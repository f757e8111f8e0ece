"""Fixers: candidate patches for a reproduced bug. One file per fixer, one line each here."""

from bot.fixers.templates import TemplateFixer
from bot.ports import Fixer

FIXERS: tuple[Fixer, ...] = (TemplateFixer(),)
