"""Java test sources: which module and class a file is, how its tests are written, and our control tests beside it.
Running them belongs to `java`. Standard library only, Python 3.8 and newer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from posixpath import dirname, relpath, splitext

from .java_tools import Chosen

MAX_BYTES = 1 << 20
PACKAGE = re.compile(r"^\s*package\s+([\w.]+)", re.M)
PLAIN = re.compile(r"[A-Za-z_$][\w$]*")
MOST_METHODS = 60  # of all classes; beyond, whole classes run
TEST_FILE = re.compile(r"(?:^|/)(?:Test[^/]*|[^/]*(?:Tests?|TestCase))\.java$")
MANIFESTS = ("pom.xml", "build.gradle", "build.gradle.kts")
JUNIT_5, JUNIT_4, TESTNG = "org.junit.jupiter", "org.junit", "org.testng"

TEMPLATES = {
    JUNIT_5: "import org.junit.jupiter.api.Test;\n\npublic class {name} {{\n{methods}}}\n",
    JUNIT_4: "import org.junit.Test;\n\npublic class {name} {{\n{methods}}}\n",
    TESTNG: "import org.testng.annotations.Test;\n\npublic class {name} {{\n{methods}}}\n",
}
EQUALS = {
    JUNIT_5: "org.junit.jupiter.api.Assertions.assertEquals({0}, {1});",
    JUNIT_4: "org.junit.Assert.assertEquals({0}, {1});",
    TESTNG: "org.testng.Assert.assertEquals({0}, {1});",
}
METHOD = "    @Test public void {name}() {{ {body} }}\n"
SEEN = 'if (!java.util.Objects.equals("1", "2")) throw new IllegalStateException("seen");'


@dataclass(frozen=True)
class Source:
    """A test file: its path in the tree, its module's folder below the root, its class, how its tests are written."""

    path: str
    module: str
    package: str
    style: str

    @property
    def class_name(self) -> str:
        stem = splitext(self.path)[0].rpartition("/")[2]
        return f"{self.package}.{stem}" if self.package else stem


def read_source(tree: str, root: str, path: str) -> Source | None:
    """None where there is no such file, or none of Java."""
    file = Path(tree, path)
    if not path.endswith(".java") or not file.is_file():
        return None
    with file.open("rb") as opened:
        text = opened.read(MAX_BYTES).decode("utf-8", "replace")
    package = PACKAGE.search(text)
    style = next((one for one in (JUNIT_5, TESTNG, JUNIT_4) if one in text), "")
    module = module_of(tree, root, path)
    return Source(path, module, package[1] if package else "", style or module_style(tree, root, module))


def module_of(tree: str, root: str, path: str) -> str:
    """The nearest folder above a file that has a manifest, relative to the root ("" for the root itself)."""
    folder = dirname(path)
    while folder != root and folder:
        if any(Path(tree, folder, name).is_file() for name in MANIFESTS):
            return relpath(folder, root or ".")
        folder = dirname(folder)
    return ""


def module_style(tree: str, root: str, module: str) -> str:
    """By what the module's manifest, or the root's, names; JUnit 5 where nothing tells."""
    for folder in (module, ""):
        for name in MANIFESTS:
            file = Path(tree, root, folder, name)
            text = file.read_text(errors="replace") if file.is_file() else ""
            if "jupiter" in text or "useJUnitPlatform" in text:
                return JUNIT_5
            if "testng" in text:
                return TESTNG
            if "junit" in text:
                return JUNIT_4
    return JUNIT_5


def test_files(tree: str, root: str, modules: list[str]) -> list[str]:
    """Every file that looks like one of tests, in these modules (none: in all)."""
    found = []
    for file in sorted(Path(tree, root).glob("**/src/test/**/*.java")):
        path = str(file.relative_to(tree))
        if TEST_FILE.search(path) and (not modules or module_of(tree, root, path) in modules):
            found.append(path)
    return found


def classes(sources: list[Source], ids: list[str] | None) -> list[Chosen]:
    """What is to run of these files: the methods that the ids name, or whole classes where they do not tell."""
    wanted: dict[str, list[str]] = {}
    for test_id in ids or ():
        wanted.setdefault(test_id.partition("::")[0], []).append(test_id)
    few = ids is not None and len(ids) <= MOST_METHODS
    found = []
    for source in sources:
        names = [test_id.split("::") for test_id in wanted.get(source.path, ())]
        methods = [re.split(r"[\[({ ]", parts[-1])[0] for parts in names]
        plain = few and methods and all(map(PLAIN.fullmatch, methods))
        nested = not names or any(len(parts) > 2 for parts in names)
        found.append(Chosen(source.module, source.class_name, tuple(dict.fromkeys(methods)) if plain else (), nested))
    return found


# ------------------------------------------------------------- controls


@dataclass(frozen=True)
class Controls:
    """Our control tests in one module. Two classes beside a test of the project's own, named so that they come first
    and last in their package: one test must fail by the runner's own assertion and one must pass; the last fails by an
    exception. They show that this module's test process, with the classes that it loads, can tell right from wrong,
    and that the build tool tells of both."""

    module: str
    paths: tuple[str, ...]
    classes: tuple[Chosen, ...]


def put_controls(tree: str, source: Source, names: list[str]) -> Controls:
    """Writes them. `names` are the methods': of the first that fails, the one that passes, the last that fails."""
    equals = EQUALS[source.style]
    parts = (
        (f"A0{names[0]}Test", ((names[0], equals.format(1, 2)), (names[1], equals.format(1, 1)))),
        (f"Zz{names[2]}Test", ((names[2], SEEN),)),
    )
    paths, chosen = [], []
    for class_name, methods in parts:
        body = "".join(METHOD.format(name=name, body=code) for name, code in methods)
        package = f"package {source.package};\n\n" if source.package else ""
        path = "/".join(filter(None, (dirname(source.path), class_name + ".java")))
        Path(tree, path).write_text(package + TEMPLATES[source.style].format(name=class_name, methods=body))
        paths.append(path)
        chosen.append(Chosen(source.module, ".".join(filter(None, (source.package, class_name)))))
    return Controls(source.module, tuple(paths), tuple(chosen))
