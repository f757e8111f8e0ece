"""Which paths a fix may touch: code yes; tests, continuous integration, build and lock files never."""

from __future__ import annotations

from pathlib import PurePosixPath

TEST_FOLDERS = frozenset({"test", "tests", "testing", "testcases", "spec", "specs", "__tests__"})
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


def is_test_path(path: str) -> bool:
    """True for test files and for anything that lies in a folder of tests."""
    parts = [part.lower() for part in PurePosixPath(path).parts]
    name = parts[-1]
    stem = name.rsplit(".", 1)[0]
    if stem.startswith("test_") or stem.endswith("_test") or stem in ("test", "tests", "conftest"):
        return True
    return any(part in TEST_FOLDERS or part.endswith(("_tests", "_testcases", "-tests")) for part in parts[:-1])


def is_config_path(path: str) -> bool:
    """True for build, dependency, test-runner and continuous-integration configuration."""
    parts = [part.lower() for part in PurePosixPath(path).parts]
    name = parts[-1]
    if name in CONFIG_NAMES or any(part in CONFIG_FOLDERS for part in parts[:-1]):
        return True
    return name.startswith("requirements") and name.endswith((".txt", ".in"))


def is_writable(path: str) -> bool:
    """True where a fix may change something."""
    return not is_test_path(path) and not is_config_path(path)
