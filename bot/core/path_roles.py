"""What a path in a repository is for, judged by its name alone. Reading the files does not belong here."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

CODE_SUFFIXES = (".py", ".pyx", ".pyi")
TEST_FOLDERS = frozenset(
    {"test", "tests", "testing", "testcases", "unittests", "conformance", "spec", "specs", "__tests__"}
)
TEST_FOLDER_ENDINGS = ("_tests", "_testcases", "-tests")
CONFIG_NAMES = frozenset(
    {
        "conftest.py",
        "setup.py",
        "setup.cfg",
        "pyproject.toml",
        "tox.ini",
        "noxfile.py",
        "pytest.ini",
        ".pytest.ini",
        "makefile",
        "dockerfile",
        "pipfile",
        "pipfile.lock",
        "poetry.lock",
        "pdm.lock",
        "uv.lock",
        "package.json",
        "package-lock.json",
        "manifest.in",
        ".pre-commit-config.yaml",
        ".coveragerc",
        "sitecustomize.py",
        "usercustomize.py",
    }
)
CONFIG_FOLDERS = frozenset({".github", ".gitlab", ".circleci", ".git", ".ci"})
_VENDORED_FOLDERS = frozenset({"vendor", "vendored", "_vendor", "_vendored", "third_party", "thirdparty", "extern"})
_INSTALLED_FOLDERS = frozenset({"node_modules", "site-packages", "dist-packages", ".venv", "venv", ".tox", ".nox"})
_GENERATED_FOLDERS = frozenset({"build", "dist", "__pycache__", ".eggs", "generated", "_generated"})
_GENERATED_ENDINGS = ("_pb2.py", "_pb2_grpc.py", "_generated.py", "parsetab.py", "_version.py", "versioneer.py")
_SUPPORT_FOLDERS = frozenset({"doc", "docs", "example", "examples", "benchmark", "benchmarks", "bench", "scripts"})
_SUPPORT_FILES = frozenset({"setup.py", "noxfile.py", "tasks.py", "conf.py"})


class PathRole(Enum):
    """What a file is for; how far it can hold the cause of a bug follows from it."""

    SOURCE = "source"
    SUPPORT = "support"  # documentation, examples, packaging: code, but rarely the cause
    TEST = "test"
    GENERATED = "generated"
    VENDORED = "vendored"
    OTHER = "other"  # not code


def role_of(path: str) -> PathRole:
    """The role of a repository-relative POSIX path."""
    *folders, name = path.lower().split("/")
    if not name.endswith(CODE_SUFFIXES):
        return PathRole.OTHER
    held = frozenset(folders)
    if held & _INSTALLED_FOLDERS or held & _VENDORED_FOLDERS:
        return PathRole.VENDORED
    if is_test_path(path):
        return PathRole.TEST
    if held & _GENERATED_FOLDERS or name.endswith(_GENERATED_ENDINGS):
        return PathRole.GENERATED
    if held & _SUPPORT_FOLDERS or name in _SUPPORT_FILES:
        return PathRole.SUPPORT
    return PathRole.SOURCE


def is_test_path(path: str) -> bool:
    """True for test files and for anything that lies in a folder of tests."""
    parts = [part.lower() for part in PurePosixPath(path).parts]
    stem = parts[-1].rsplit(".", 1)[0]
    if stem.startswith("test_") or stem.endswith("_test") or stem in ("test", "tests", "conftest"):
        return True
    return any(part in TEST_FOLDERS or part.endswith(TEST_FOLDER_ENDINGS) for part in parts[:-1])


def is_config_path(path: str) -> bool:
    """True for build, dependency, test-runner and continuous-integration configuration."""
    parts = [part.lower() for part in PurePosixPath(path).parts]
    name = parts[-1]
    if name in CONFIG_NAMES or any(part in CONFIG_FOLDERS for part in parts[:-1]):
        return True
    return name.startswith("requirements") and name.endswith((".txt", ".in"))


def is_writable(path: str, protected: Sequence[str] = ()) -> bool:
    """True where a fix may change something. `protected` are globs of the repository's own: "src/api/*.py" as in
    fnmatch, where `*` crosses folders; a folder's name protects all in it."""
    return not is_test_path(path) and not is_config_path(path) and not is_protected(path, protected)


def is_protected(path: str, globs: Sequence[str]) -> bool:
    """Whether one of these globs names the path or a folder that it lies in."""
    parts = PurePosixPath(path).parts
    places = ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
    return any(fnmatchcase(place, glob.strip("/")) for glob in globs for place in places)
