"""Rules of the house that import-linter cannot say."""

from __future__ import annotations

import ast
import io
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted(
    [ROOT / "app.py"]
    + [path for folder in ("bot", "handlers", "sandbox") for path in ROOT.glob(f"{folder}/**/*.py")]
    + [*ROOT.glob("bench/*.py")]
)
LINES_AT_MOST = 330  # "about 300": past it a file holds more than one idea


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def test_the_core_uses_the_standard_library_only() -> None:
    foreign = {
        f"{path.name}: {name}"
        for path in ROOT.glob("bot/core/*.py")
        for name in imported(path)
        if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith("bot.core")
    }

    assert foreign == set()


def test_only_settings_and_the_command_line_read_the_environment() -> None:
    readers = {
        str(path.relative_to(ROOT))
        for path in ROOT.glob("bot/**/*.py")
        if any(f"os.{name}" in path.read_text() for name in ("environ", "getenv"))
    }

    assert readers <= {"bot/cli.py", "bot/cli_server.py"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_says_what_it_is_for_and_holds_one_idea(path: Path) -> None:
    text = path.read_text()

    assert ast.get_docstring(ast.parse(text)), "the first line says what the file is for"
    assert text.count("\n") <= LINES_AT_MOST


def test_every_ignore_has_its_reason() -> None:
    bare = [
        f"{path.relative_to(ROOT)}:{token.start[0]}"
        for path in [*SOURCES, *ROOT.glob("tests/**/*.py")]
        for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline)
        if token.type == tokenize.COMMENT
        for marker in ("# type: ignore", "# noqa")
        if marker in token.string and len(token.string.split(marker, 1)[1].lstrip(": ").split(None, 1)) < 2
    ]

    assert bare == []


def test_imports_point_down_only() -> None:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
