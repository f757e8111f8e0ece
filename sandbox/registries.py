"""The operator's settings for registries of languages other than Python: npm's, Go's, Cargo's and Maven's, out of his
environment and of the files in his home folder. pip's and uv's are in `sandbox.indexes`.

Addresses only: tokens and passwords that stand beside an address stay where they are.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from xml.etree import ElementTree

NPM_KEYS = ("registry", "replace-registry-host", "strict-ssl", "fetch-retries", "fetch-timeout", "maxsockets")
YARN_NAMES = ("YARN_REGISTRY", "YARN_NPM_REGISTRY_SERVER")
GO_NAMES = ("GOPROXY", "GONOPROXY", "GOPRIVATE", "GOSUMDB", "GONOSUMDB", "GOINSECURE")
CARGO_NAMES = ("CARGO_REGISTRY_DEFAULT", "CARGO_HTTP_TIMEOUT", "CARGO_HTTP_MULTIPLEXING", "CARGO_NET_RETRY")


def variables(environ: Mapping[str, str], home: Path) -> dict[str, str]:
    """Those that a build gets; the operator's environment wins over his files."""
    npm = _lower({f"npm_config_{key}": value for key, value in _npmrc(environ, home).items()})
    found = {name: value for name, value in _go_file(environ, home).items() if name in GO_NAMES}
    found |= npm | _lower({name: value for name, value in environ.items() if _is_npms(name)})
    found |= {name: value for name, value in environ.items() if _passes(name)}
    if found.get("npm_config_registry"):  # newer yarns read nothing of npm's
        found.setdefault("YARN_NPM_REGISTRY_SERVER", found["npm_config_registry"])
    return found


def home_files(environ: Mapping[str, str], home: Path) -> tuple[tuple[str, str], ...]:
    """(path in a build's home folder, text): what only a file can say. Unreadable or malformed ones of the operator's
    count as absent."""
    cargo_home = Path(environ.get("CARGO_HOME") or home / ".cargo")
    cargo = _text(cargo_home / "config.toml") or _text(cargo_home / "config")
    found = (
        (".npmrc", "".join(f"{key}={value}\n" for key, value in _npmrc(environ, home).items())),
        (".cargo/config.toml", _cargo(cargo)),
        (".m2/settings.xml", _maven(_text(home / ".m2/settings.xml"))),
    )
    return tuple((path, text) for path, text in found if text)


def _is_npms(name: str) -> bool:
    """npm reads its variables in capitals too, and an underscore for each dash."""
    prefix, _, key = name.lower().partition("npm_config_")
    return not prefix and (key.replace("_", "-") in NPM_KEYS or _is_scopes(key))


def _is_scopes(key: str) -> bool:
    return key.startswith("@") and key.endswith(":registry")


def _passes(name: str) -> bool:
    of_cargo = name.startswith("CARGO_REGISTRIES_") and name.endswith(("_INDEX", "_PROTOCOL"))
    return of_cargo or name in (*YARN_NAMES, *GO_NAMES, *CARGO_NAMES)


def _lower(named: Mapping[str, str]) -> dict[str, str]:
    return {name.lower().replace("-", "_") if "@" not in name else name: value for name, value in named.items()}


def _npmrc(environ: Mapping[str, str], home: Path) -> dict[str, str]:
    """Of npm's own file for a person, what says where packages come from."""
    given = environ.get("NPM_CONFIG_USERCONFIG") or environ.get("npm_config_userconfig")
    found: dict[str, str] = {}
    for line in _text(Path(given) if given else home / ".npmrc").splitlines():
        key, _, value = (part.strip() for part in line.partition("="))
        if (key in NPM_KEYS or _is_scopes(key)) and value and "${" not in value:
            found[key] = value.strip("\"'")
    return found


def _go_file(environ: Mapping[str, str], home: Path) -> dict[str, str]:
    """What `go env -w` wrote."""
    config_home = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    text = _text(Path(environ.get("GOENV") or config_home / "go/env"))
    return {key: value for line in text.splitlines() for key, _, value in [line.partition("=")] if key and value}


def _cargo(text: str) -> str:
    """Of Cargo's configuration, what replaces or adds a registry."""
    try:
        loaded = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return ""
    lines: list[str] = []
    for table, keys in (("source", ("registry", "replace-with")), ("registries", ("index", "protocol"))):
        entries = loaded.get(table)
        for name, entry in entries.items() if isinstance(entries, dict) else ():
            for key in keys:
                value = entry.get(key) if isinstance(entry, dict) else None
                if isinstance(value, str):  # a JSON string is a TOML one
                    lines.append(f"{table}.{json.dumps(name)}.{key} = {json.dumps(value)}\n")
    return "".join(lines)


def _maven(text: str) -> str:
    """Of Maven's settings, the mirrors."""
    mirrors = list(_mirrors(text))
    if not mirrors:
        return ""
    root = ElementTree.Element("settings")
    folder = ElementTree.SubElement(root, "mirrors")
    for mirror in mirrors:
        made = ElementTree.SubElement(folder, "mirror")
        for key, value in mirror.items():
            ElementTree.SubElement(made, key).text = value
    return ElementTree.tostring(root, encoding="unicode")


def _mirrors(text: str) -> Iterator[dict[str, str]]:
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 (the operator's own file)
    except ElementTree.ParseError:
        return
    for mirror in root.findall("{*}mirrors/{*}mirror"):
        said = {part.tag.rpartition("}")[2]: (part.text or "").strip() for part in mirror}
        if said.get("url") and said.get("mirrorOf"):
            yield {key: said[key] for key in ("id", "url", "mirrorOf") if said.get(key)}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
