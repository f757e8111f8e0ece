"""Carries a run through its stages: in this process (`drive`), or one stage per message of a queue (`advance`)."""

from bot.driver.advance import Advanced, advance, worth_ringing
from bot.driver.in_process import drive
from bot.driver.watch import Leaving

__all__ = ["Advanced", "Leaving", "advance", "drive", "worth_ringing"]
