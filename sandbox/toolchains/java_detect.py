"""How a Java project is built and tested, read from its files: Maven or Gradle, which build, which module, which kind
of tests. Pure; fetching what it needs belongs to `sandbox.inside.translate.java_setup`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from posixpath import normpath, relpath

from bot.core.errors import EnvironmentBroken
from bot.core.tree import Tree
from sandbox.toolchains.compiled_folder import NEVER, TOP, ancestors, choose

GRADLE_FILES = ("build.gradle", "build.gradle.kts")
GRADLE_ROOTS = ("settings.gradle", "settings.gradle.kts")
MANIFEST = re.compile(
    r"(?:^|/)(?:pom\.xml|(?:build|settings)\.gradle(?:\.kts)?|gradle\.properties|gradle\.lockfile|[\w-]+\.versions\.toml"
    r"|gradle-wrapper\.properties|maven-wrapper\.properties|mvnw|gradlew)$|(?:^|/)(?:buildSrc|\.mvn)/"
)
TEST_FILE = re.compile(r"(?:^|/)src/test/.*?(?:Test[^/]*|[^/]*(?:Tests?|TestCase))\.java$")
SOURCE = re.compile(r"(?:^|/)src/test/.*\.(java|kt|kts|groovy|scala)$")
PACKAGE = re.compile(r"^\s*package\s+([\w.]+)", re.M)
MODULE = re.compile(r"<module>\s*([^<]+?)\s*</module>")
COMMENT = re.compile(r"<!--.*?-->", re.S)
TEST_LIBRARY = re.compile(r"junit|testng|jupiter|[\w-]*-test\b|useJUnitPlatform", re.I)
STYLES = ("org.junit.jupiter", "org.testng", "org.junit")  # the last is a part of the first
SCANNED = 200  # test files, for what they are written with
NOT_RUN = "Tests in {} are not found or run here, only those in Java."


class Tool(Enum):
    MAVEN = "maven"
    GRADLE = "gradle"


@dataclass(frozen=True, slots=True)
class JavaProject:
    """`root` is the build's folder ("" for the top), `module` the part below it that is meant ("" for all of it);
    `style` is what its tests import, `package` where one of them lies. `wrapper` says that the project brings its own
    tool."""

    tool: Tool
    root: str
    module: str
    style: str
    package: str
    wrapper: bool
    notes: tuple[str, ...] = ()


def detect_java(tree: Tree, wished: str, paths: tuple[str, ...]) -> JavaProject | None:
    """None where there is no Java build, or one without Java. Raises EnvironmentBroken for one without any tests."""
    maven = choose(tree, "pom.xml", is_test_file, wished, paths)
    gradle = [choose(tree, name, is_test_file, wished, paths) for name in GRADLE_FILES]
    choice = maven or next((one for one in gradle if one), None)
    if choice is None or not any(path.endswith(".java") for path in tree):
        return None
    tool = Tool.MAVEN if maven else Tool.GRADLE
    chosen = "" if choice.folder == TOP else choice.folder
    root = _maven_root(tree, chosen) if tool is Tool.MAVEN else _gradle_root(tree, chosen)
    module = relpath(chosen or TOP, root or TOP)
    within = f"{chosen}/" if chosen else ""
    tests = [path for path in sorted(tree) if path.startswith(within) and is_test_file(path)]
    manifests = [path for path in sorted(tree) if MANIFEST.search(path) and path.startswith(f"{root}/" if root else "")]
    if not tests and not any(TEST_LIBRARY.search(tree.text(path) or "") for path in manifests):
        raise EnvironmentBroken(
            f"This Java project has no tests that can be found: no file like src/test/java/…/SomethingTest.java below "
            f"{chosen or 'its top'}, and no JUnit or TestNG in {manifests[0] if manifests else 'its build'}. If it is "
            "tested in another way, name the command as `test:` in .github/fixbugs.yml."
        )
    style, package = _written(tree, tests, manifests)
    script = "mvnw" if tool is Tool.MAVEN else "gradlew"
    notes = (choice.note,) if choice.note else ()
    return JavaProject(
        tool,
        root,
        "" if module == TOP else module,
        style,
        package,
        "/".join(filter(None, (root, script))) in tree,
        notes + _other_languages(tree, within),
    )


def is_test_file(path: str) -> bool:
    return TEST_FILE.search(path) is not None


def is_manifest(path: str) -> bool:
    return MANIFEST.search(path) is not None


def _maven_root(tree: Tree, folder: str) -> str:
    """The outermost build that this folder is a module of."""
    root, part = folder, folder
    for above in ancestors(f"{folder}/pom.xml") if folder else ():
        place = "" if above == TOP else above
        text = COMMENT.sub("", tree.text(f"{place}/pom.xml".lstrip("/")) or "")
        modules = {normpath("/".join(filter(None, (place, name)))) for name in MODULE.findall(text)}
        if part in modules or f"{part}/pom.xml" in modules:
            root = part = place
    return root


def _gradle_root(tree: Tree, folder: str) -> str:
    places = ["" if above == TOP else above for above in ancestors(f"{folder}/build.gradle")] if folder else [""]
    if folder and folder not in places:
        places.insert(0, folder)
    for place in places:
        if any("/".join(filter(None, (place, name))) in tree for name in GRADLE_ROOTS):
            return place
    return folder


def _written(tree: Tree, tests: list[str], manifests: list[str]) -> tuple[str, str]:
    """What most of the tests import, and a package they lie in."""
    votes = dict.fromkeys(STYLES, 0)
    package = ""
    for path in tests[:SCANNED]:
        text = tree.text(path) or ""
        style = next((one for one in STYLES if one in text), "")
        if style:
            votes[style] += 1
        found = PACKAGE.search(text)
        package = package or (found[1] if found else "")
    best = max(STYLES, key=lambda style: votes[style])
    if votes[best]:
        return best, package
    said = " ".join(tree.text(path) or "" for path in manifests)
    if "testng" in said:
        return "org.testng", package
    modern = "jupiter" in said or "useJUnitPlatform" in said or "spring-boot-starter-test" in said
    return ("org.junit.jupiter" if modern or "junit" not in said else "org.junit"), package


def _other_languages(tree: Tree, within: str) -> tuple[str, ...]:
    names = {"kt": "Kotlin", "kts": "Kotlin", "groovy": "Groovy", "scala": "Scala"}
    matches = (SOURCE.search(path) for path in tree if path.startswith(within) and not NEVER.search(path))
    found = sorted({names[match[1]] for match in matches if match and match[1] in names})
    return (NOT_RUN.format(" and ".join(found)),) if found else ()
