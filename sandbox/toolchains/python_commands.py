"""What the commands of a project's CI and tox say of a Python project: requirements, extras and groups, options of
pytest, and variables for its tests. Pure; only what is listed here is taken over, whatever else a command says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bot.core.tree import Tree
from sandbox.toolchains.hints_commands import Step
from sandbox.toolchains.python_folder import inside
from sandbox.toolchains.python_requirements import read_requirements, unique, valid

# Variables of the machine, of the runner, or of an interpreter's start: ours to set, or a way round the reporter.
NEVER = re.compile(
    r"(?:PATH|HOME|USER|SHELL|LANG|LC_.*|TMPDIR|TEMP|TMP|CI|PWD|NO_COLOR|FORCE_COLOR|TERM|COLUMNS|CC|CXX|.*FLAGS"
    r"|PYTHON(?!DEVMODE$|UTF8$).*|PYTEST.*|PIP_.*|UV_.*|POETRY_.*|PDM_.*|TOX.*|NOX.*|COV_.*|COVERAGE.*|CODECOV.*"
    r"|LD_.*|DYLD_.*|GLIBC_.*|MALLOC_.*|BASH.*|GITHUB_.*|RUNNER_.*|ACTIONS_.*|FIXBUGS.*|.*_PROXY|SSL_.*|REQUESTS_CA.*"
    r"|CURL_CA.*|GIT_.*|DOCKER_.*)",
    re.I,
)
MAX_VALUE = 2000
NEVER_INSTALLED = frozenset(
    {"pip", "uv", "setuptools", "wheel", "tox", "nox", "poetry", "pdm", "hatch", "pipenv", "virtualenv", "build",
     "twine", "codecov", "coveralls", "black", "flake8", "mypy", "ruff", "isort", "pylint", "pre-commit"}
)  # fmt: skip
WITH_NAME = frozenset({"--extra", "-E", "--extras", "--group", "-G", "--with", "--only-group", "--features"})
# Options of pytest that change what a test means, not which of them run or how that is told.
PLAIN_OPTIONS = re.compile(
    r"--import-mode=\w+|--ds=[\w.]+|--dc=[\w.]+|--asyncio-mode=\w+|--(?:no-|no)migrations|--create-db"
)
VALUED_OPTIONS = {"--ds": "--ds", "--import-mode": "--import-mode", "--asyncio-mode": "--asyncio-mode"}


@dataclass(frozen=True, slots=True)
class Said:
    """`requirements` are lines that only testing needs, `named` extras and groups; `options` are pytest's."""

    requirements: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


def said_by(steps: Iterable[Step], tree: Tree, folder: str) -> Said:
    """What these commands say together."""
    requirements: list[str] = []
    named: list[str] = []
    options: list[str] = []
    for step in steps:
        words = _without_start(step.words)
        if words[:2] == ("pip", "install") or words[:3] == ("uv", "pip", "install"):
            found, extras = _pip(words[words.index("install") + 1 :], step.folder, tree)
            requirements += found
            named += extras
        elif words[:1] in (("uv",), ("poetry",), ("pdm",), ("hatch",)):
            named += _named(words[1:])
        if "pytest" in words[:1]:
            options += _options(words[1:])
        elif "pytest" in words:
            options += _options(words[words.index("pytest") + 1 :])
    return Said(unique(requirements), unique(named), unique(options))


def environ_for_tests(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The variables that tests may be given."""
    kept = {
        name: value
        for name, value in pairs
        if re.fullmatch(r"[A-Za-z_]\w*", name) and not NEVER.fullmatch(name) and _plain(value)
    }
    return tuple(sorted(kept.items()))


def _plain(value: str) -> bool:
    return len(value) <= MAX_VALUE and "\0" not in value and "$" not in value and "`" not in value


def _without_start(words: Sequence[str]) -> tuple[str, ...]:
    """The words without an interpreter in front: "python -m pip install" is "pip install"."""
    if len(words) > 2 and re.fullmatch(r"(?:.*/)?(?:python[\d.]*|py)", words[0]) and words[1] == "-m":
        words = words[2:]
    return (re.sub(r"^pip[\d.]*$", "pip", words[0].rpartition("/")[2]), *words[1:]) if words else ()


def _pip(words: Sequence[str], where: str, tree: Tree) -> tuple[list[str], list[str]]:
    """Requirement lines, and extras of the project itself."""
    lines: list[str] = []
    extras: list[str] = []
    skip = ""
    for word in words:
        given = skip
        skip = ""
        if given in ("-r", "--requirement"):
            path = inside(where, word)
            lines += read_requirements(tree, path, where) if path in tree and path else ()
        elif given == "--group":
            extras.append(word)
        elif given in ("", "-e", "--editable"):
            own = re.fullmatch(r"(?:\.|\./?[\w./-]*)\[([\w,\s.-]+)\]", word)
            if own:
                extras += [name.strip() for name in own[1].split(",")]
            elif word.startswith("-"):
                skip = word if word in ("-r", "--requirement", "--group", "-e", "--editable", "-c", "-i", "-f") else ""
            elif not given and "$" not in word:
                lines += [line for line in valid([word]) if _wanted(line)]
    return lines, extras


def _wanted(line: str) -> bool:
    """Not tools that only CI needs, and nothing from an address."""
    name = re.split(r"[\s\[<>=!~;]", line)[0].lower().replace("_", "-")
    return name not in NEVER_INSTALLED and "@" not in line


def _named(words: Sequence[str]) -> Iterator[str]:
    """The names after --extra, --group, -G, --with and their like."""
    for word, following in pairwise([*words, ""]):
        option, equals, value = word.partition("=")
        if option in WITH_NAME:
            for name in re.split(r"[,\s:]+", value if equals else following):
                if re.fullmatch(r"\w[\w.-]*", name):
                    yield name


def _options(words: Sequence[str]) -> Iterator[str]:
    for word, following in pairwise([*words, ""]):
        if PLAIN_OPTIONS.fullmatch(word):
            yield word
        elif word in VALUED_OPTIONS and PLAIN_OPTIONS.fullmatch(f"{word}={following}"):
            yield f"{word}={following}"
