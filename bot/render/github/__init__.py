"""Everything that people read on GitHub: comments, checks, pull requests, answers. Pure; nothing is posted here."""
