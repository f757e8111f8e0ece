"""Maven and Gradle: their command lines, where their reports lie, and what they print beside them. Starting them is
`java`'s work. Gradle's part was written from its documentation. Standard library only, Python 3.8 and newer.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_CHARS = 60_000  # of one argument; Linux takes twice as much
LEAST_FORK_S = 5
STARTING_S = 15  # of the run's time is kept for the build tool itself
COLOURS = re.compile(rb"\x1b\[[0-9;]*m")
MAVEN_SUMMARY = re.compile(
    rb"^\[(?:ERROR|WARNING|INFO)\] Tests run: (\d+), Failures: (\d+), Errors: (\d+), Skipped: (\d+)\s*$"
)
GRADLE_SUMMARY = re.compile(rb"^(\d+) tests? completed, (\d+) failed(?:, (\d+) skipped)?\s*$")
MAVEN_WRONG = re.compile(r"^\[ERROR\] (/[^\n:]+?):\[(\d+),\d+\] (.+)$", re.M)
GRADLE_WRONG = re.compile(r"^(/[^\n:]+?\.(?:java|kt|groovy)):(\d+): (?:error: )?(.+)$", re.M)
QUICK_START = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto"


@dataclass(frozen=True)
class Counts:
    """Tests as the build tool counts them itself: in all, not passed, skipped."""

    tests: int = 0
    bad: int = 0
    skipped: int = 0

    def plus(self, other: Counts) -> Counts:
        return Counts(self.tests + other.tests, self.bad + other.bad, self.skipped + other.skipped)


class Maven:
    """`root` is the reactor's folder, `modules` folders below it ("" for itself) whose tests run; absolute `tree`."""

    def __init__(self, request: Any) -> None:
        self._root = "/".join(filter(None, (request["tree"], request["root"])))
        self._repository = request["repository"]
        if self._repository and not self._repository.startswith("/"):
            self._repository = "{}/{}".format(request["environment"], self._repository)
        self._fork_s = max(LEAST_FORK_S, int(request["wall_s"]) - STARTING_S)
        if request["ids"]:  # where few are asked for, one that hangs leaves the time to tell of it
            self._fork_s = min(self._fork_s, int(request["test_limit_s"] * len(request["ids"])) + LEAST_FORK_S)
        self._test_s = max(1, round(request["test_limit_s"]))

    @property
    def env(self) -> dict[str, str]:
        return {"MAVEN_OPTS": QUICK_START, "MAVEN_SKIP_RC": "true"}

    def argv(self, modules: Sequence[str], chosen: Sequence[Chosen], *, go_on: bool) -> list[str]:
        """`go_on`: a module whose tests fail does not keep those that depend on it from being tested."""
        program = shutil.which("mvn") or f"{self._root}/mvnw"
        argv = [program, "-o", "-B", f"-Dmaven.repo.local={self._repository}", "-Dstyle.color=never"]
        if list(modules) != [""] and modules:
            argv += ["-pl", ",".join(module or "." for module in modules), "-am"]
        patterns = selected(chosen)
        if patterns:
            argv += ["-Dtest={}".format(",".join(patterns)), "-DfailIfNoTests=false"]
            argv += ["-DfailIfNoSpecifiedTests=false", "-Dsurefire.failIfNoSpecifiedTests=false"]
        argv += ["-Dsurefire.runOrder=alphabetical", f"-Dsurefire.timeout={self._fork_s}"]
        argv += [f"-Djunit.jupiter.execution.timeout.testable.method.default={self._test_s} s"]
        argv += [
            "-Dmaven.test.redirectTestOutputToFile=true",
            "-DtrimStackTrace=false",
            "-Dsurefire.rerunFailingTestsCount=0",
        ]
        argv += ["-DskipTests=false", "-Dmaven.test.skip=false", f"-Dmaven.test.failure.ignore={str(go_on).lower()}"]
        return [*argv, "test"]

    def reports(self, module: str) -> str:
        """A glob."""
        return "/".join(filter(None, (self._root, module, "target/surefire-reports/TEST-*.xml")))

    def counts(self, line: bytes) -> Counts | None:
        """What a line of its output says of a whole module."""
        found = MAVEN_SUMMARY.match(COLOURS.sub(b"", line))
        if not found:
            return None
        tests, failures, errors, skipped = map(int, found.groups())
        return Counts(tests, failures + errors, skipped)

    def ends_well(self, *, go_on: bool) -> bool:
        """Whether its exit code is 0 when tests failed and nothing else is wrong."""
        return go_on

    def compile_errors(self, output: str) -> list[tuple[str, int, str]]:
        """Path, line, what is wrong."""
        if "COMPILATION ERROR" not in output:
            return []
        return [(path, int(line), said) for path, line, said in dict.fromkeys(MAVEN_WRONG.findall(output))]


class Gradle:
    """As Maven; a module is a project of the build, by its folder."""

    def __init__(self, request: Any) -> None:
        self._root = "/".join(filter(None, (request["tree"], request["root"])))
        self._kept = "{}/gradle".format(request["environment"])
        self._home = "{}/gradle".format(request["scratch"])

    @property
    def env(self) -> dict[str, str]:
        """The caches that the build filled are read-only by now: Gradle takes them as such, beside one of its own."""
        return {
            "GRADLE_USER_HOME": self._home,
            "GRADLE_RO_DEP_CACHE": f"{self._kept}/caches",
            "GRADLE_OPTS": "-Dorg.gradle.daemon=false -Dorg.gradle.vfs.watch=false",
        }

    def argv(self, modules: Sequence[str], chosen: Sequence[Chosen], *, go_on: bool) -> list[str]:
        fetched = sorted(Path(self._kept).glob("wrapper/dists/*/*/*/bin/gradle"))
        program = str(fetched[-1]) if fetched else shutil.which("gradle") or "gradle"
        argv = [program, "--offline", "--no-daemon", "--console=plain", "--no-build-cache"]
        if go_on:
            argv.append("--continue")
        for module in modules:
            path = ":{}".format(module.replace("/", ":")) if module else ""
            argv += [f"{path}:cleanTest", f"{path}:test"]
            for pattern in filters([one for one in chosen if one.module == module]):
                argv += ["--tests", pattern]
        return argv

    def reports(self, module: str) -> str:
        return "/".join(filter(None, (self._root, module, "build/test-results/test/TEST-*.xml")))

    def counts(self, line: bytes) -> Counts | None:
        found = GRADLE_SUMMARY.match(COLOURS.sub(b"", line))
        return Counts(int(found[1]), int(found[2]), int(found[3] or 0)) if found else None

    def ends_well(self, *, go_on: bool) -> bool:
        return False  # `--continue` does not change it

    def compile_errors(self, output: str) -> list[tuple[str, int, str]]:
        return [(path, int(line), said) for path, line, said in dict.fromkeys(GRADLE_WRONG.findall(output))]


# ------------------------------------------------------------ selecting


@dataclass(frozen=True)
class Chosen:
    """A class whose tests run, as "shop.CartTest": of which module, and which methods (none: all of them)."""

    module: str
    name: str
    methods: tuple[str, ...] = ()
    nested: bool = False


def selected(chosen: Sequence[Chosen]) -> list[str]:
    """Surefire's patterns; whole classes where methods would be too many, nothing where classes are. A method's `*`
    takes what a parameterized one has after its name."""
    full = []
    for one in chosen:
        name = one.name.replace(".", "/")
        methods = "#{}".format("+".join(f"{method}*" for method in one.methods)) if one.methods else ""
        full.append(name + methods)
        if one.nested:
            full.append(f"{name}$*{methods}")
    if len(",".join(full)) <= MOST_CHARS:
        return full
    classes = [one.name.replace(".", "/") for one in chosen]
    return classes if len(",".join(classes)) <= MOST_CHARS else []


def filters(chosen: Sequence[Chosen]) -> list[str]:
    """Gradle's patterns, the same way; a class's takes its nested ones along."""
    full = [
        pattern
        for one in chosen
        for pattern in ([f"{one.name}*.{method}*" for method in one.methods] or [f"{one.name}", f"{one.name}$*"])
    ]
    if sum(map(len, full)) <= MOST_CHARS:
        return full
    return [one.name for one in chosen] if sum(len(one.name) for one in chosen) <= MOST_CHARS else []
