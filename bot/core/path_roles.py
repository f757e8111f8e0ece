"""What a path in a repository is for, judged by its name alone. Reading the files does not belong here."""

from __future__ import annotations

from enum import Enum

CODE_SUFFIXES = (".py", ".pyx", ".pyi")
_TEST_FOLDERS = frozenset({"test", "tests", "testing", "unittests", "python_testcases", "testcases", "conformance"})
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
    if held & _TEST_FOLDERS or is_test_name(name):
        return PathRole.TEST
    if held & _GENERATED_FOLDERS or name.endswith(_GENERATED_ENDINGS):
        return PathRole.GENERATED
    if held & _SUPPORT_FOLDERS or name in _SUPPORT_FILES:
        return PathRole.SUPPORT
    return PathRole.SOURCE


def is_test_name(name: str) -> bool:
    """Whether a file name is one that test runners collect (or configure tests by)."""
    return name in ("conftest.py", "tests.py", "test.py") or name.startswith("test_") or name.endswith("_test.py")
