"""Reads lock files (uv, Poetry, PDM, Pipenv, requirements with hashes) into pinned lines that any installer takes.
Pure; installing them belongs to `sandbox.inside.installer`.

The pins hold as constraints: what to install is what the manifests ask for, which version of it the lock says. So every
tool's lock is honoured alike, from whatever index the operator has, and the hashes are checked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from posixpath import join, normpath

from packaging.markers import InvalidMarker, Marker
from packaging.version import InvalidVersion, Version

from bot.core.errors import EnvironmentBroken
from bot.core.tree import Tree
from sandbox.toolchains.python_folder import ancestors
from sandbox.toolchains.python_needs import plain, read_toml, table
from sandbox.toolchains.python_requirements import requirement_lines

MOST_BYTES = 16 << 20
NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
HASH = re.compile(r"sha(?:256|384|512):[0-9a-fA-F]{64,128}")
ADDRESS = re.compile(r"[A-Za-z0-9+.-]+:[^\s;'\"]+|[\w.-]+@[\w.-]+:[^\s;'\"]+")
HASHED_FILES = ("requirements.txt",)


@dataclass(frozen=True, slots=True)
class Pin:
    """One locked distribution: a version, or an address ("git+https://…@commit"); where several are locked, `markers`
    say when each is meant (any of them)."""

    name: str
    version: str = ""
    address: str = ""
    hashes: tuple[str, ...] = ()
    markers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lock:
    """`lines` are requirement lines with hashes. `complete`: they are all there is to install, and every one has a hash
    (pip's --require-hashes). `renew` is the command that makes the file anew."""

    path: str
    renew: str
    lines: tuple[str, ...]
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    renew: str
    tool: str  # its table below [tool]
    read: Callable[[str], Iterator[Pin]]


def find_lock(tree: Tree, folder: str) -> Lock | None:
    """The lock file that holds for the project in this folder. Raises EnvironmentBroken for one that cannot be read."""
    top, _ = read_toml(tree.text(normpath(join(folder, "pyproject.toml"))) or "")
    tools, backend = table(top, "tool"), str(table(top, "build-system").get("build-backend", ""))
    by_use = sorted(KINDS, key=lambda kind: not (kind.tool in tools or backend.startswith(kind.tool)))
    for kind in by_use:
        path = next((path for path in _places(tree, folder, kind) if path in tree), None)
        if path is not None:
            return Lock(path, kind.renew, tuple(_lines(_read(tree, path, kind))))
    return _hashed(tree, folder)


def _places(tree: Tree, folder: str, kind: Kind) -> Iterator[str]:
    """uv keeps one lock for a whole workspace, at its top; the others one beside each manifest."""
    yield normpath(join(folder, kind.name))
    if kind.name == "uv.lock" and folder != ".":
        for above in ancestors(folder):
            top, _ = read_toml(tree.text(normpath(join(above, "pyproject.toml"))) or "")
            if "workspace" in table(top, "tool", "uv"):
                yield normpath(join(above, kind.name))


def _read(tree: Tree, path: str, kind: Kind) -> list[Pin]:
    flaw = ""
    try:
        if len(tree.files[path].content) > MOST_BYTES:
            raise ValueError(f"it is larger than {MOST_BYTES >> 20} MB")
        text = tree.text(path)
        if text is None:
            raise ValueError("it is no text")
        return list(kind.read(text))
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        flaw = str(error) or type(error).__name__
    raise EnvironmentBroken(
        f"The lock file {path} cannot be read: {flaw[:300].rstrip('.')}. Make it anew with `{kind.renew}`, commit it, "
        "and run again."
    )


def _hashed(tree: Tree, folder: str) -> Lock | None:
    """A requirements file in which every line has hashes: a lock file by another name."""
    for name in HASHED_FILES:
        path = normpath(join(folder, name))
        lines = requirement_lines(tree, path, folder) if path in tree else ()
        if lines and all(line.hashes for line in lines):
            texts = tuple(f"{line.text} {_options(line.hashes)}" for line in lines)
            return Lock(path, "pip-compile --generate-hashes", texts, complete=True)
    return None


# ------------------------------------------------------------- one kind each


def _packages(text: str) -> Iterator[Mapping[str, object]]:
    top, flaw = read_toml(text)
    packages = top.get("package", [])
    if flaw or not isinstance(packages, list):
        raise ValueError(flaw or "it lists no packages")
    yield from (package for package in packages if isinstance(package, dict))


def _from_uv(text: str) -> Iterator[Pin]:
    for package in _packages(text):
        source, name, version = table(package, "source"), str(package["name"]), str(package.get("version", ""))
        markers = _texts(package.get("resolution-markers"))
        if "git" in source:
            address, _, commit = str(source["git"]).partition("#")
            yield Pin(name, address=f"git+{address.partition('?')[0]}@{commit}", markers=markers)
        elif "url" in source:
            yield Pin(name, address=str(source["url"]), markers=markers)
        elif "registry" in source and version:
            yield Pin(
                name, version, hashes=_hashes([package.get("sdist"), *_list(package.get("wheels"))]), markers=markers
            )


def _from_poetry(text: str) -> Iterator[Pin]:
    top, _ = read_toml(text)
    by_name = table(top, "metadata", "files")  # where versions before 1.2 kept the hashes
    for package in _packages(text):
        name, version, source = str(package["name"]), str(package["version"]), table(package, "source")
        said = package.get("markers")
        markers = _texts(list(said.values()) if isinstance(said, dict) else said)
        kind = str(source.get("type", "legacy"))
        if kind == "git":
            yield Pin(name, address=f"git+{source['url']}@{source['resolved_reference']}", markers=markers)
        elif kind == "url":
            yield Pin(name, address=str(source["url"]), markers=markers)
        elif kind == "legacy":
            files = _list(package.get("files")) or _list(by_name.get(name))
            yield Pin(name, version, hashes=_hashes(files), markers=markers)


def _from_pdm(text: str) -> Iterator[Pin]:
    for package in _packages(text):
        name, version, markers = str(package["name"]), str(package.get("version", "")), _texts(package.get("marker"))
        if "git" in package:
            yield Pin(name, address=f"git+{package['git']}@{package.get('revision', '')}", markers=markers)
        elif "url" in package:
            yield Pin(name, address=str(package["url"]), markers=markers)
        elif "path" not in package and version:
            yield Pin(name, version, hashes=_hashes(_list(package.get("files"))), markers=markers)


def _from_pipfile(text: str) -> Iterator[Pin]:
    top = json.loads(text)
    if not isinstance(top, dict):
        raise TypeError("it holds no table")
    for section in ("default", "develop"):
        for name in table(top, section):
            entry = table(top, section, name)
            version = str(entry.get("version", "")).removeprefix("==")
            hashes = tuple(found for found in _texts(entry.get("hashes")) if HASH.fullmatch(found))
            if version:
                yield Pin(name, version, hashes=hashes, markers=_texts(entry.get("markers")))
            elif "git" in entry:
                yield Pin(name, address=f"git+{entry['git']}@{entry.get('ref', '')}")


KINDS = (
    Kind("uv.lock", "uv lock", "uv", _from_uv),
    Kind("poetry.lock", "poetry lock", "poetry", _from_poetry),
    Kind("pdm.lock", "pdm lock", "pdm", _from_pdm),
    Kind("Pipfile.lock", "pipenv lock", "pipenv", _from_pipfile),
)


# ------------------------------------------------------------------- pieces


def _lines(pins: Iterable[Pin]) -> Iterator[str]:
    """The pins as requirement lines; a package that is locked twice without saying when is left to the resolver."""
    by_name: dict[str, dict[str, list[Pin]]] = {}
    for pin in pins:
        wanted = _wanted(pin)
        if wanted:
            by_name.setdefault(plain(pin.name), {}).setdefault(wanted, []).append(pin)
    for versions in by_name.values():
        always = [wanted for wanted, same in versions.items() if not all(_marker(pin) for pin in same)]
        if len(versions) > 1 and always:
            continue
        for wanted, same in versions.items():
            markers = [_marker(pin) for pin in same] if len(versions) > 1 else []
            marker = f" ; {' or '.join(f'({one})' for one in dict.fromkeys(markers))}" if markers else ""
            hashes = tuple(dict.fromkeys(one for pin in same for one in pin.hashes))
            yield f"{wanted}{marker} {_options(hashes)}".rstrip()


def _wanted(pin: Pin) -> str:
    """The pin without its conditions; "" for one that is not written as it should be."""
    if not NAME.fullmatch(pin.name):
        return ""
    if pin.address:
        return f"{pin.name} @ {pin.address.rstrip('@')}" if ADDRESS.fullmatch(pin.address) else ""
    try:
        return f"{pin.name}=={Version(pin.version)}"
    except InvalidVersion:
        return ""


def _marker(pin: Pin) -> str:
    """Its conditions as one marker; "" for none, or for one that nobody understands."""
    try:
        return " or ".join(f"({Marker(one)})" for one in pin.markers)
    except (InvalidMarker, RecursionError):
        return ""


def _options(hashes: Iterable[str]) -> str:
    return " ".join(f"--hash={one}" for one in hashes)


def _hashes(files: Iterable[object]) -> tuple[str, ...]:
    found = (str(file.get("hash", "")) for file in files if isinstance(file, dict))
    return tuple(one for one in found if HASH.fullmatch(one))


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,) if value.strip() else ()
    return tuple(one for one in value if isinstance(one, str) and one.strip()) if isinstance(value, list) else ()


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
