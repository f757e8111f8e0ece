"""Reads shell text of other tools into commands: words and variables. Nothing here is ever run; what a shell would have
to work out first is left out.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from posixpath import join, normpath

MAX_LINES = 400  # of one script
ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.S)
STARTERS = ("sudo", "exec", "time", "env")
SEPARATORS = frozenset({"&&", "||", ";", "|", "&", "(", ")", "{", "}"})
TESTING = re.compile(
    r"\b(?:pytest|py\.test|unittest|tox|nox|trial|nosetests)\b|manage\.py test|runtests|hatch (?:run )?test"
    r"|\b(?:npm|yarn|pnpm)(?: run)? (?:test|t)\b|\b(?:jest|vitest|mocha)\b|node --test|go test|cargo (?:test|nextest)"
    r"|\bmvnw?\b.*\b(?:test|verify)\b|gradlew?\b.*\b(?:test|check|build)\b|\bmake (?:test|check)"
)


@dataclass(frozen=True, slots=True)
class Step:
    """One command: its words, the variables set for it, the folder it is run in (from the tree's root), and the file
    that says so."""

    words: tuple[str, ...]
    environ: tuple[tuple[str, str], ...] = ()
    folder: str = "."
    source: str = ""


def steps_of(
    script: str, environ: tuple[tuple[str, str], ...] = (), folder: str = ".", source: str = ""
) -> Iterator[Step]:
    """The commands of a shell script, one after the other, without its logic."""
    joined = script.replace("\\\r\n", " ").replace("\\\n", " ")
    exported: dict[str, str] = {}
    for line in joined.splitlines()[:MAX_LINES]:
        for words in _commands(line):
            if words[0] == "export":
                exported.update(_assigned(words[1:]))
            elif words[0] == "cd" and len(words) == 2:
                folder = normpath(join(folder, words[1]))
            else:
                own = _assigned(words)
                rest = words[len(own) :]
                rest = rest[1:] if rest[:1] and rest[0] in STARTERS else rest
                if rest:
                    yield Step(tuple(rest), (*environ, *exported.items(), *own.items()), folder, source)


def is_test(script: str) -> bool:
    """Whether a script runs tests, of whatever language."""
    return TESTING.search(script) is not None


def _assigned(words: list[str]) -> dict[str, str]:
    """The variables that are set at the start of these words."""
    matches = takewhile(bool, map(ASSIGNMENT.fullmatch, words))
    return {match[1]: match[2] for match in matches if match}


def _commands(line: str) -> Iterator[list[str]]:
    """The simple commands of a line; those with substitutions and redirections of input are left out."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    try:
        words = list(lexer)
    except ValueError:
        return
    command: list[str] = []
    for word in [*words, ";"]:
        if word not in SEPARATORS:
            command.append(word)
            continue
        redirected = next((place for place, part in enumerate(command) if set(part) <= set("<>&")), len(command))
        if not any("`" in part or part.endswith("$") for part in command) and command[:redirected]:
            yield command[:redirected]
        command = []
