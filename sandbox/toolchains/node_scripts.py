"""What a package.json's test script runs: which runner, with which arguments, variables and flags of node. Pure;
nothing of a script is ever run as it stands. Which package is meant belongs to `node_detect`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from posixpath import basename

RUNNERS = ("vitest", "jest", "mocha", "node:test")
UNSUPPORTED = {
    "ava": "AVA",
    "uvu": "uvu",
    "tape": "tape",
    "tap": "tap",
    "tap-spec": "tape",
    "jasmine": "Jasmine",
    "karma": "Karma",
    "qunit": "QUnit",
    "lab": "lab",
    "bun": "Bun's test runner",
    "deno": "Deno's test runner",
    "react-scripts": "Create React App's test script",
    "ng": "Angular's test builder",
    "wtr": "Web Test Runner",
    "web-test-runner": "Web Test Runner",
    "playwright": "Playwright",
    "cypress": "Cypress",
    "zora": "zora",
    "pta": "zora",
    "baretest": "baretest",
    "borp": "borp",
    "brittle": "brittle",
    "twd": "twd",
}
PREFIXES = frozenset({"npx", "pnpx", "bunx", "cross-env", "env", "exec", "command", "time", "dotenv", "xvfb-run", "--"})
WRAPPERS = frozenset({"nyc", "c8", "cross-env-shell"})  # they take options of their own first
OPTIONS_WITH_VALUE = frozenset(
    {"--reporter", "-r", "--include", "-n", "--exclude", "-x", "--check-coverage", "--report-dir", "--temp-directory"}
)
RUN_ALL = frozenset({"run-s", "run-p", "npm-run-all", "npm-run-all2", "concurrently", "wireit"})
MANAGERS = frozenset({"npm", "yarn", "pnpm"})
ASSIGNMENT = re.compile(r"^([A-Za-z_]\w*)=(.*)$", re.DOTALL)
NODE_VALUE_FLAGS = frozenset({"--import", "--require", "-r", "--loader", "--experimental-loader", "-C", "--conditions"})
MAX_DEPTH = 6
MAX_SCRIPT = 4000
# Options of node's runner that say how to report or what to leave out: ours decide that.
DROPPED_TEST_FLAGS = re.compile(r"^--(?:test(?!-)|test-|watch|experimental-test-coverage|enable-source-maps$)")
TEST_VALUE_FLAGS = frozenset({"--test-reporter", "--test-reporter-destination", "--test-name-pattern"})


@dataclass(frozen=True, slots=True)
class TestCommand:
    """How a script starts its tests. `arguments` are the runner's own, `node_flags` those of the process."""

    __test__ = False
    runner: str
    arguments: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    node_flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A test runner that we know by name only."""

    name: str


def read_scripts(scripts: Mapping[str, str]) -> TestCommand | Unsupported | None:
    """The first command of a known runner behind the test script; else a runner that is not supported; else None."""
    unsupported: Unsupported | None = None
    for name in ("test", "tests", "test:unit", "unit", "test:ci", "mocha", "jest", "vitest"):
        for segment in _segments(scripts, name, 0):
            found = _read(segment)
            if isinstance(found, TestCommand):
                return found
            unsupported = unsupported or found
    return unsupported


def _segments(scripts: Mapping[str, str], name: str, depth: int) -> Iterator[list[str]]:
    """The simple commands of a script, in order, with other scripts put in where they are named."""
    script = scripts.get(name, "")
    if not script or len(script) > MAX_SCRIPT or depth > MAX_DEPTH:
        return
    for words in _split(script):
        called = _called_scripts(words, scripts)
        if called is None:
            yield words
            continue
        for other in called:
            yield from _segments(scripts, other, depth + 1)


def _split(script: str) -> Iterator[list[str]]:
    lexer = shlex.shlex(script, posix=True, punctuation_chars=";&|")
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    try:
        for token in lexer:
            if set(token) <= set(";&|"):
                yield words
                words = []
            else:
                words.append(token)
    except ValueError:  # a quotation that does not end
        return
    yield words


def _called_scripts(words: Sequence[str], scripts: Mapping[str, str]) -> list[str] | None:
    """The scripts that a command runs, or None when it runs something else."""
    rest = [word for word in words if not ASSIGNMENT.match(word)]
    if rest and rest[0] == "cross-env":
        rest = rest[1:]
    if not rest:
        return None
    if rest[0] in RUN_ALL:
        names = [word.removeprefix("npm:") for word in rest[1:] if not word.startswith("-")]
        return [name for pattern in names for name in _matching(pattern, scripts)]
    if rest[0] not in MANAGERS or len(rest) < 2:
        return None
    named = [word for word in rest[1:] if not word.startswith("-")]
    if named and named[0] in ("run", "run-script"):
        return _matching(named[1], scripts) if len(named) > 1 else []
    return [named[0]] if named and named[0] in scripts else None


def _matching(pattern: str, scripts: Mapping[str, str]) -> list[str]:
    if "*" not in pattern:
        return [pattern]
    expression = re.compile(re.escape(pattern).replace(r"\*\*", ".*").replace(r"\*", "[^:]*"))
    return [name for name in scripts if expression.fullmatch(name)]


def _read(words: Sequence[str]) -> TestCommand | Unsupported | None:
    env: dict[str, str] = {}
    rest = list(words)
    while rest:
        assignment = ASSIGNMENT.match(rest[0])
        if assignment:
            env[assignment[1]] = assignment[2]
            rest = rest[1:]
        elif rest[0] in PREFIXES or rest[0].startswith("-") or (rest[0] in MANAGERS and len(rest) > 1):
            rest = rest[1:]
        elif basename(rest[0]) in WRAPPERS:
            rest = _without_options(rest[1:])
        else:
            break
    if not rest:
        return None
    return _program(rest, tuple(env.items()))


def _without_options(words: Sequence[str]) -> list[str]:
    rest = list(words)
    while rest and rest[0].startswith("-"):
        takes = rest[0] in OPTIONS_WITH_VALUE and len(rest) > 2
        rest = rest[2 if takes else 1 :]
    return rest


def _program(words: Sequence[str], env: tuple[tuple[str, str], ...]) -> TestCommand | Unsupported | None:
    name = basename(words[0]).removesuffix(".js").removesuffix(".cjs").removesuffix(".mjs")
    arguments = tuple(words[1:])
    if name in ("mocha", "_mocha"):
        return TestCommand("mocha", arguments, env)
    if name == "ts-mocha":
        return TestCommand("mocha", ("--require", "ts-node/register", *_without_project(arguments)), env)
    if name == "jest":
        return TestCommand("jest", arguments, env)
    if name == "vitest":
        return TestCommand("vitest", tuple(a for a in arguments if a not in ("run", "watch", "dev")), env)
    if name in ("node", "tsx", "ts-node"):
        return _node(name, arguments, env)
    return Unsupported(UNSUPPORTED[name]) if name in UNSUPPORTED else None


def _without_project(arguments: Sequence[str]) -> Iterator[str]:
    """Without ts-mocha's own `-p tsconfig.json`."""
    skip = False
    for word in arguments:
        if not skip and word not in ("-p", "--project"):
            yield word
        skip = word in ("-p", "--project")


def _node(name: str, words: Sequence[str], env: tuple[tuple[str, str], ...]) -> TestCommand | Unsupported | None:
    """`node --test …`, `node test/file.js`, or node with a runner's own program."""
    flags: list[str] = ["--import", "tsx"] if name == "tsx" else []
    rest = list(words)
    is_test = False
    while rest and rest[0].startswith("-"):
        flag = rest.pop(0)
        is_test = is_test or flag == "--test" or flag.startswith("--test-")
        valued = (flag in NODE_VALUE_FLAGS or flag in TEST_VALUE_FLAGS) and bool(rest)
        value = [rest.pop(0)] if valued else []
        if not DROPPED_TEST_FLAGS.match(flag):
            flags += [flag, *value]
    if is_test:
        plain = tuple(word for word in rest if not word.startswith("-"))
        return TestCommand("node:test", plain, env, tuple(flags))
    if not rest:
        return None
    program = _program(rest, env) if "/.bin/" in rest[0] or "node_modules/" in rest[0] else None
    if isinstance(program, TestCommand):
        return TestCommand(program.runner, program.arguments, env, tuple(flags))
    if program is None and re.search(r"\.[cm]?[jt]sx?$|^tests?(?:/|$)", rest[0]) and "node_modules" not in rest[0]:
        return TestCommand("node:test", (rest[0],), env, tuple(flags))
    return program
