"""Reads `.github/fixbugs.yml`: the repository's policy, or errors that quote the line."""
