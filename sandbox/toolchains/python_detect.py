"""How a Python project is tested and what it needs, read from its files. Pure; installing belongs to
`python_install`, reading one requirements file or manifest to `python_manifests`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from posixpath import basename, join, normpath, relpath

from bot.core.tree import Tree
from bot.ports import Service
from sandbox.toolchains.hints import read_hints
from sandbox.toolchains.hints_commands import Step
from sandbox.toolchains.python_commands import Said, environ_for_tests, said_by
from sandbox.toolchains.python_folder import ancestors, within
from sandbox.toolchains.python_indexes import index_note, own_indexes
from sandbox.toolchains.python_manifests import from_pipfile, from_pyproject, from_setup_cfg, from_setup_py, read_ini
from sandbox.toolchains.python_needs import Needs, read_toml
from sandbox.toolchains.python_requirements import read_requirements
from sandbox.toolchains.python_tox import Tox, read_tox
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
IMPORT = re.compile(r"^[ \t]*(?:import|from)[ \t]+([A-Za-z_]\w*)", re.M)
SCAN_FILES = 600


@dataclass(frozen=True, slots=True)
class PythonProject:
    """What a Python project needs and how it is tested.

    `imported` are (module, distribution) pairs to install when the module is missing; `static` says that `needs` names
    all the project needs at run time, so that it can be tested without being installed.
    """

    folder: str  # of the tree, "." for all of it
    runner: str
    installable: bool
    legacy: bool  # has a setup.py
    static: bool
    needs: Needs
    config: str  # the file that pytest's settings are in, from the folder, or ""
    patterns: tuple[str, ...]  # names of test files, when they are not pytest's default
    roots: tuple[str, ...]  # folders of the tree to import from, as far as can be seen without installing
    imported: tuple[tuple[str, str], ...]
    runner_part: str  # the library of pytest's own that this project is, or ""
    options: tuple[str, ...] = ()  # of pytest, that CI or tox give
    environ: tuple[tuple[str, str], ...] = ()  # variables that CI or tox set for the tests
    services: tuple[Service, ...] = ()
    notes: tuple[str, ...] = field(default=())


def detect_python(whole: Tree, folder: str = ".") -> PythonProject | None:
    """The project in this folder of a tree, or None when it holds no Python."""
    tree = within(whole, folder)
    if not any(path.endswith(".py") for path in tree):
        return None
    pyproject, toml_flaw = read_toml(tree.text("pyproject.toml") or "")
    config = _config_file(tree)
    settings = tree.text(config) or "" if config else ""
    if not config:
        config, settings = _config_above(whole, folder)
    hints, tox = read_hints(whole, folder), read_tox(whole, pyproject, folder)
    by_tox = [Step(words, folder=folder, source="tox") for words in tox.commands]
    said = said_by((*by_tox, *hints.steps), whole, folder)
    environ = environ_for_tests((*tox.environ, *hints.environ))
    needs = _needs(whole, folder, pyproject, tox, said)
    indexes = index_note(own_indexes(tree, pyproject))
    asked = " ".join((settings, *said.options, *(name for name, _ in environ)))
    installable = _installable(tree, pyproject)
    roots = _roots(tree)
    tests = tuple(_test_files(tree))
    runner = "unittest" if _is_unittest(tree, tests, needs, config) else "pytest"
    flaws = (f"{join(folder, 'pyproject.toml').removeprefix('./')} cannot be read: {toml_flaw}",) if toml_flaw else ()
    return PythonProject(
        folder=folder,
        runner=runner,
        installable=installable,
        legacy="setup.py" in tree,
        static=needs.known or not installable or bool(needs.declared),
        needs=needs,
        config=config,
        patterns=_patterns(tests, runner, config, settings),
        roots=tuple(normpath(join(folder, root)) for root in roots),
        imported=tuple(_imported(tree, tests, asked, manifest=installable or bool(needs.declared))),
        runner_part=min(RUNNER_LIBRARIES & set(_top_level(tree, roots)), default="") if installable else "",
        options=said.options,
        environ=environ,
        services=hints.services,
        notes=tuple(note for note in (*flaws, *hints.notes, indexes) if note),
    )


def _needs(whole: Tree, folder: str, pyproject: dict[str, object], tox: Tox, said: Said) -> Needs:
    """What all the manifests say together, and what CI installs beside them."""
    tree, named = within(whole, folder), (*tox.extras, *tox.groups, *said.named)
    parts = [
        from_pyproject(pyproject, folder, named),
        from_setup_cfg(tree.text("setup.cfg") or "", named),
        from_setup_py(tree.text("setup.py") or "", named),
        Needs(tests=(*tox.deps, *said.requirements)),
        from_pipfile(tree.text("Pipfile") or "", folder),
    ]
    for path in RUNTIME_FILES:
        parts.append(Needs(declared=read_requirements(whole, normpath(join(folder, path)), folder)))
    found = sorted(path for path in tree if TEST_FILES.match(path))
    parts += [Needs(tests=read_requirements(whole, normpath(join(folder, path)), folder)) for path in found]
    return Needs.merged(parts)


def _patterns(tests: Iterable[str], runner: str, config: str, settings: str) -> tuple[str, ...]:
    """Names of test files that pytest would not find by itself; () when it finds what there is."""
    if runner == "unittest" and not config:
        return UNITTEST_PATTERNS
    names = {basename(path) for path in tests} - {"conftest.py"}
    if not names or not names.issubset(PLAIN_NAMES) or "python_files" in settings:
        return ()
    return (*DEFAULT_PATTERNS, *PLAIN_NAMES)


def _config_file(tree: Tree) -> str:
    for path, section in CONFIG_FILES:
        if path in tree and section in (tree.text(path) or ""):
            return path
    return ""


def _config_above(whole: Tree, folder: str) -> tuple[str, str]:
    """The settings file in a folder above that pytest finds when it starts in this one, and its text."""
    for above in ancestors(folder) if folder != "." else ():
        name = _config_file(within(whole, above))
        if name:
            path = normpath(join(above, name))
            return relpath(path, folder), whole.text(path) or ""
    return "", ""


def _installable(tree: Tree, pyproject: dict[str, object]) -> bool:
    tool = pyproject.get("tool")
    poetry = tool.get("poetry") if isinstance(tool, dict) else None
    if isinstance(poetry, dict) and poetry.get("package-mode") is False:
        return False
    if "setup.py" in tree or "build-system" in pyproject or "project" in pyproject:
        return True
    return read_ini(tree.text("setup.cfg") or "").has_section("options")


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


def _imported(tree: Tree, tests: tuple[str, ...], settings: str, *, manifest: bool) -> Iterator[tuple[str, str]]:
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
    for option, (module, name) in OPTIONS.items():
        if re.search(rf"(?<![\w-]){re.escape(option)}", settings):
            found[module] = name
    yield from sorted(found.items())
