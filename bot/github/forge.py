"""GitHub behind the whole Forge port. Each part of it has a file of its own; there is nothing else here."""

from __future__ import annotations

from bot.github.talking import Talking
from bot.github.writing import Writing


class GithubForge(Talking, Writing):
    """`GithubForge(app)` for one App. Any thread and event loop may use it. Every method may raise as the port says."""
