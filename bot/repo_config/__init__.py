"""Reads `.github/fixbugs.yml`: the repository's policy, or errors that quote the line. Fetching it is not done here."""

from __future__ import annotations

from bot.repo_config.complaints import PolicyError
from bot.repo_config.reading import PolicyErrors, read_policy

PATH = ".github/fixbugs.yml"

__all__ = ["PATH", "PolicyError", "PolicyErrors", "read_policy"]
