"""FixBugs: from a bug report to a proved fix. See docs/architecture.md for the map."""

__version__ = "0.1.0"
