"""How a Python project is tested and what it needs, read from its files. Pure; installing belongs to
`python_install`, reading one requirements file or manifest to `python_manifests`.
"""

from __future__ import annotations

import configparser
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from posixpath import basename

from bot.core.tree import Tree
from sandbox.toolchains.python_manifests import (
    Needs,
    from_pipfile,
    from_pyproject,
    from_setup_cfg,
    from_setup_py,
    from_tox,
    read_requirements,
    read_toml,
)
from sandbox.toolchains.python_wellknown import FIXTURES, MARKS, MODULES, OPTIONS

RUNTIME_FILES = ("requirements.txt",)
TEST_FILES = re.compile(
    r"^(?:(?:dev|test|tests|testing)[-_]?requirements|requirements[-_.](?:dev|develop|test|tests|testing)"
    r"|requirements/(?:dev|develop|test|tests|testing)|(?:tests?)/requirements)(?:\.txt|\.in)$"
)
CONFIG_FILES = (  # in pytest's own order; a section must be there, except in pytest.ini
    ("pytest.ini", ""),
    (".pytest.ini", ""),
    ("pyproject.toml", "[tool.pytest"),
    ("tox.ini", "[pytest]"),
    ("setup.cfg", "[tool:pytest]"),
)
DEFAULT_PATTERNS = ("test_*.py", "*_test.py")
PLAIN_NAMES = ("test.py", "tests.py")  # of test files, where there are no others
UNITTEST_PATTERNS = ("test*.py", "*_test.py")
RUNNER_LIBRARIES = frozenset(
    {
        "pytest",
        "_pytest",
        "pluggy",
        "iniconfig",
        "packaging",
        "pygments",
        "tomli",
        "exceptiongroup",
        "attr",
        "attrs",
        "py",
    }
)
MANIFESTS = re.compile(
    r"^(?:pyproject\.toml|setup\.(?:py|cfg)|MANIFEST\.in|Pipfile|tox\.ini|poetry\.lock|(?:.*/)?[\w.-]*requirements[\w./-]*\.(?:txt|in)"
    r"|(?:.*/)?constraints[\w.-]*\.txt|.*\.(?:pyx|pxd|c|cc|cpp|h|hpp|rs))$"
)
IMPORT = re.compile(r"^[ \t]*(?:import|from)[ \t]+([A-Za-z_]\w*)", re.M)
SCAN_FILES = 600


@dataclass(frozen=True, slots=True)
class PythonProject:
    """What a Python project needs and how it is tested.

    `imported` are (module, distribution) pairs to install when the module is missing; `static` says that `needs` names
    all the project needs at run time, so that it can be tested without being installed.
    """

    runner: str
    installable: bool
    legacy: bool  # has a setup.py
    static: bool
    needs: Needs
    config: str  # the file that pytest's settings are in, or ""
    patterns: tuple[str, ...]  # names of test files, when they are not pytest's default
    roots: tuple[str, ...]  # folders to import from, as far as can be seen without installing
    imported: tuple[tuple[str, str], ...]
    runner_part: str  # the library of pytest's own that this project is, or ""
    notes: tuple[str, ...] = field(default=())


def detect_python(tree: Tree) -> PythonProject | None:
    """The project in this tree, or None when it holds no Python."""
    if not any(path.endswith(".py") for path in tree):
        return None
    texts = {path: tree.text(path) or "" for path in ("pyproject.toml", "setup.cfg", "setup.py", "tox.ini", "Pipfile")}
    pyproject, toml_flaw = read_toml(texts["pyproject.toml"])
    config = _config_file(tree)
    parts = [
        from_pyproject(pyproject),
        from_setup_cfg(texts["setup.cfg"]),
        from_setup_py(texts["setup.py"]),
        from_tox(texts["tox.ini"], tree),
        from_pipfile(texts["Pipfile"]),
    ]
    for path in RUNTIME_FILES:
        parts.append(Needs(declared=read_requirements(tree, path)))
    parts += [Needs(tests=read_requirements(tree, path)) for path in sorted(tree) if TEST_FILES.match(path)]
    needs = Needs.merged(parts)
    installable = _installable(tree, pyproject, texts["setup.cfg"])
    roots = _roots(tree)
    tests = tuple(_test_files(tree))
    runner = "unittest" if _is_unittest(tree, tests, needs, config) else "pytest"
    notes = (f"pyproject.toml cannot be read: {toml_flaw}",) if toml_flaw else ()
    return PythonProject(
        runner=runner,
        installable=installable,
        legacy="setup.py" in tree,
        static=needs.known or not installable or bool(needs.declared),
        needs=needs,
        config=config,
        patterns=_patterns(tree, tests, runner, config),
        roots=roots,
        imported=tuple(_imported(tree, tests, config, manifest=installable or bool(needs.declared))),
        runner_part=min(RUNNER_LIBRARIES & set(_top_level(tree, roots)), default="") if installable else "",
        notes=notes,
    )


def _patterns(tree: Tree, tests: Iterable[str], runner: str, config: str) -> tuple[str, ...]:
    """Names of test files that pytest would not find by itself; () when it finds what there is."""
    if runner == "unittest" and not config:
        return UNITTEST_PATTERNS
    names = {basename(path) for path in tests} - {"conftest.py"}
    if not names or not names.issubset(PLAIN_NAMES) or "python_files" in (tree.text(config) or "" if config else ""):
        return ()
    return (*DEFAULT_PATTERNS, *PLAIN_NAMES)


def _config_file(tree: Tree) -> str:
    for path, section in CONFIG_FILES:
        if path in tree and section in (tree.text(path) or ""):
            return path
    return ""


def _installable(tree: Tree, pyproject: dict[str, object], setup_cfg: str) -> bool:
    tool = pyproject.get("tool")
    poetry = tool.get("poetry") if isinstance(tool, dict) else None
    if isinstance(poetry, dict) and poetry.get("package-mode") is False:
        return False
    if "setup.py" in tree or "build-system" in pyproject or "project" in pyproject:
        return True
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(setup_cfg)
    except configparser.Error:
        return False
    return parser.has_section("options")


def _roots(tree: Tree) -> tuple[str, ...]:
    """Folders that code is imported from: `src` or `lib` when they hold packages but are none, and the top."""
    for name in ("src", "lib"):
        inside = [path for path in tree if path.startswith(f"{name}/") and path.endswith(".py")]
        if inside and f"{name}/__init__.py" not in tree and any(path.count("/") <= 2 for path in inside):
            return (name, ".")
    return (".",)


def _top_level(tree: Tree, roots: Iterable[str]) -> Iterator[str]:
    """Names that can be imported from these folders."""
    prefixes = ["" if root == "." else f"{root}/" for root in roots]
    for path in tree:
        for prefix in prefixes:
            if path.startswith(prefix) and path.endswith(".py"):
                yield path[len(prefix) :].split("/")[0].removesuffix(".py")


def _test_files(tree: Tree) -> Iterator[str]:
    for path in tree:
        name = basename(path)
        if name == "conftest.py" or name in PLAIN_NAMES or any(fnmatch(name, pattern) for pattern in DEFAULT_PATTERNS):
            yield path


def _is_unittest(tree: Tree, tests: Iterable[str], needs: Needs, config: str) -> bool:
    """No sign of pytest anywhere, and test files that use unittest."""
    if config or any(basename(path) == "conftest.py" for path in tests):
        return False
    if any(re.match(r"pytest\b", line) for line in needs.tests + needs.declared):
        return False
    seen = False
    for path in list(tests)[:SCAN_FILES]:
        names = set(IMPORT.findall(tree.text(path) or ""))
        if "pytest" in names:
            return False
        seen = seen or "unittest" in names
    return seen


def _imported(tree: Tree, tests: tuple[str, ...], config: str, *, manifest: bool) -> Iterator[tuple[str, str]]:
    """Well-known modules that are used and may be undeclared: by the tests; by all files without a manifest."""
    own = {part.removesuffix(".py") for path in tree if path.endswith(".py") for part in path.split("/")}
    found: dict[str, str] = {}
    for path in (tests if manifest else tuple(p for p in tree if p.endswith(".py")))[:SCAN_FILES]:
        text = tree.text(path) or ""
        for module in set(IMPORT.findall(text)):
            if module in MODULES and module not in own and module not in sys.stdlib_module_names:
                found[module] = MODULES[module]
        for sign, (module, name) in {**FIXTURES, **MARKS}.items():
            if sign in text and re.search(rf"(?<![\w]){re.escape(sign)}(?!\w)", text):
                found[module] = name
    settings = tree.text(config) or "" if config else ""
    for option, (module, name) in OPTIONS.items():
        if re.search(rf"(?<![\w-]){re.escape(option)}", settings):
            found[module] = name
    yield from sorted(found.items())
