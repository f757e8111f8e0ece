"""The Code port on plain git: repositories at rest, read without running or changing anything of theirs.

Rules about bugs do not belong here, nor does writing into anybody's checkout.
"""

from bot.git.code import GitCode

__all__ = ["GitCode"]
