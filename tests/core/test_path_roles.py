"""Which paths a fix may touch."""

import pytest

from bot.core.path_roles import is_writable


@pytest.mark.parametrize("path", ["a.py", "src/pkg/latest.py", "pkg/contest.py", "attests/x.py", "pkg/testimony.py"])
def test_code_may_be_changed(path: str) -> None:
    assert is_writable(path)


@pytest.mark.parametrize(
    "path",
    [
        "tests/data.json",
        "pkg/tests/helper.py",
        "test_a.py",
        "pkg/a_test.py",
        "conftest.py",
        "python_testcases/load.py",
        "pyproject.toml",
        "requirements-dev.txt",
        ".github/workflows/ci.yml",
        "Dockerfile",
        "poetry.lock",
        "sub/setup.cfg",
    ],
)
def test_tests_and_configuration_may_not(path: str) -> None:
    assert not is_writable(path)
