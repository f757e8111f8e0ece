"""Settings out of the environment: the only place that reads it. Command-line flags belong to `bot.cli`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """`cache_dir` keeps built environments, mirrors of repositories and results; `environ` is passed on to git and to
    dependency installation, of which each takes what it needs."""

    cache_dir: Path
    user: str
    environ: Mapping[str, str]

    @classmethod
    def load(cls, environ: Mapping[str, str], home: Path) -> Settings:
        """From FIXBUGS_CACHE_DIR, else XDG_CACHE_HOME, else ~/.cache."""
        named = environ.get("FIXBUGS_CACHE_DIR")
        base = Path(environ.get("XDG_CACHE_HOME") or home / ".cache")
        cache_dir = Path(named) if named else base / "fixbugs"
        return cls(cache_dir.absolute(), environ.get("USER") or environ.get("LOGNAME") or "somebody", dict(environ))
