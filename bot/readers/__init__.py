"""Readers: evidence out of raw texts. `read_report` is the way in; each module behind it reads one kind of thing."""

from bot.readers.report import read_report

__all__ = ["read_report"]
