"""The operator's package index settings, as a build needs them: which variables, files and folders go in.

Read from the operator's environment and from the configuration files of pip and uv; other languages' are read in
`sandbox.registries`. An index address may carry
credentials: builds get those because they cannot install without them. Nothing else secret goes in, and nothing at all
of this reaches the phase in which the project's code runs.
"""

from __future__ import annotations

import configparser
import re
import shutil
import sysconfig
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sandbox import registries

PIP_KEYS = (
    "index-url",
    "extra-index-url",
    "find-links",
    "no-index",
    "trusted-host",
    "cert",
    "client-cert",
    "proxy",
    "timeout",
    "default-timeout",
    "retries",
    "only-binary",
    "no-binary",
    "prefer-binary",
)
UV_NAMES = (
    "UV_DEFAULT_INDEX",
    "UV_INDEX",
    "UV_INDEX_URL",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_NO_INDEX",
    "UV_INDEX_STRATEGY",
    "UV_INSECURE_HOST",
    "UV_NATIVE_TLS",
    "UV_SYSTEM_CERTS",
    "UV_HTTP_TIMEOUT",
    "UV_HTTP_RETRIES",
    "UV_CONCURRENT_DOWNLOADS",
    "UV_OFFLINE",
    "UV_EXCLUDE_NEWER",
)
PROXY_NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
CERTIFICATE_NAMES = (
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "PIP_CERT",
    "PIP_CLIENT_CERT",
)
PATH_NAMES = (*CERTIFICATE_NAMES, "PIP_FIND_LINKS", "UV_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL")
NO_INDEXES = frozenset((*PROXY_NAMES, "PIP_PROXY"))
ADDRESS = re.compile(r"""https?://[^\s"',|;<>]+""")
ADDRESS_NAMES = ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL")


@dataclass(frozen=True, slots=True)
class BuildSettings:
    """What a build gets of the operator's: variables, the text of uv's own configuration file ("" for none), files
    and folders that must be visible (they exist), the uv program (None when there is none), and files for a build's
    home folder, as (path in it, text)."""

    environ: tuple[tuple[str, str], ...]
    uv_config: str
    visible: tuple[Path, ...]
    uv: Path | None
    home_files: tuple[tuple[str, str], ...] = ()


def build_settings(environ: Mapping[str, str], home: Path) -> BuildSettings:
    """Collects the settings; unreadable or malformed configuration files count as absent."""
    chosen = _from_pip_files(_pip_files(environ, home))
    chosen |= {name: value for name, value in environ.items() if _allowed(name)}
    for name, value in _for_uv(chosen).items():
        chosen.setdefault(name, value)
    chosen |= registries.variables(environ, home)
    chosen["UV_LINK_MODE"] = "copy"  # cache and environment lie on different mounts
    chosen["UV_PYTHON_DOWNLOADS"] = "never"  # the base interpreter is given
    uv = shutil.which("uv", path=f"{sysconfig.get_path('scripts')}:{environ.get('PATH', '')}")
    uv_files = (environ.get("UV_CONFIG_FILE"), home / ".config/uv/uv.toml", "/etc/uv/uv.toml")
    uv_config = next((text for name in uv_files if name and (text := _text(Path(name)))), "")
    home_files = registries.home_files(environ, home)
    program = Path(uv) if uv else None
    return BuildSettings(tuple(sorted(chosen.items())), uv_config, _visible(chosen), program, home_files)


def index_addresses(settings: BuildSettings) -> tuple[str, ...]:
    """Every http(s) address that these settings name, as they name it: with credentials, where they do."""
    texts = [value for name, value in settings.environ if name.upper() not in NO_INDEXES]
    texts += [settings.uv_config, *(text for _, text in settings.home_files)]
    return tuple(dict.fromkeys(found for text in texts for found in ADDRESS.findall(text)))


def _allowed(name: str) -> bool:
    pip_names = {f"PIP_{key.upper().replace('-', '_')}" for key in PIP_KEYS}
    return (
        name in pip_names
        or name in UV_NAMES
        or name in CERTIFICATE_NAMES
        or name.upper() in PROXY_NAMES
        or (name.startswith("UV_INDEX_") and name.endswith(("_USERNAME", "_PASSWORD")))
    )


def _pip_files(environ: Mapping[str, str], home: Path) -> tuple[Path, ...]:
    """pip's configuration files, later ones win; as pip itself looks for them."""
    named = environ.get("PIP_CONFIG_FILE")
    if named == "/dev/null":  # pip's own way of saying "none"
        return ()
    config_home = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    files = [Path("/etc/xdg/pip/pip.conf"), Path("/etc/pip.conf"), home / ".pip/pip.conf", config_home / "pip/pip.conf"]
    return (*files, Path(named)) if named else tuple(files)


def _from_pip_files(paths: Iterable[Path]) -> dict[str, str]:
    """The PIP_* variables that mean the same as these files."""
    found: dict[str, str] = {}
    for path in paths:
        parser = configparser.RawConfigParser()
        try:
            parser.read_string(_text(path))
        except configparser.Error:
            continue
        for section in ("global", "install"):
            if not parser.has_section(section):
                continue
            for key in PIP_KEYS:
                if parser.has_option(section, key):
                    value = " ".join(parser.get(section, key).split())
                    found[f"PIP_{key.upper().replace('-', '_')}"] = value
    return found


def _for_uv(chosen: Mapping[str, str]) -> dict[str, str]:
    """uv reads no configuration of pip's: the same indexes in its own words, unless it was told its own."""
    if any(name in chosen for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL")):
        return {}
    found: dict[str, str] = {}
    if chosen.get("PIP_INDEX_URL"):
        found["UV_DEFAULT_INDEX"] = chosen["PIP_INDEX_URL"]
    if chosen.get("PIP_EXTRA_INDEX_URL"):
        found["UV_INDEX"] = chosen["PIP_EXTRA_INDEX_URL"]
        found["UV_INDEX_STRATEGY"] = "unsafe-best-match"  # pip looks for the best version on every index
    if chosen.get("PIP_FIND_LINKS"):
        found["UV_FIND_LINKS"] = ",".join(chosen["PIP_FIND_LINKS"].split())
    if chosen.get("PIP_NO_INDEX", "").lower() in ("1", "true", "yes", "on"):
        found["UV_NO_INDEX"] = "1"
    if chosen.get("PIP_CERT"):
        found["SSL_CERT_FILE"] = chosen["PIP_CERT"]
    if chosen.get("PIP_TRUSTED_HOST"):
        found["UV_INSECURE_HOST"] = chosen["PIP_TRUSTED_HOST"]
    return found


def _visible(chosen: Mapping[str, str]) -> tuple[Path, ...]:
    """The existing files and folders that these variables name, directly or as file:// addresses."""
    found: list[Path] = []
    for name in (*PATH_NAMES, *ADDRESS_NAMES):
        for word in chosen.get(name, "").replace(",", " ").split():
            path = Path(unquote(urlsplit(word).path)) if word.startswith("file:") else Path(word)
            if path.is_absolute() and path.exists() and path not in found and len(path.parts) > 1:
                found.append(_index_root(path) if word.startswith("file:") else path)
    return tuple(found)


def _index_root(path: Path) -> Path:
    """A simple index's pages link to files beside it (`../../packages/…`): its parent must be visible too."""
    return path.parent if path.name == "simple" and len(path.parts) > 2 else path


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
