"""What of the operator's package settings goes into a container that builds: variables, and files put beside them.
Files and folders of this machine mean nothing there, so of those only certificates go in."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.docker.container import CACHE
from sandbox.egress import Policy, proxied
from sandbox.indexes import ADDRESS_NAMES, PATH_NAMES, build_settings

CERTIFICATES = "certificates.pem"
CERTIFICATE_NAMES = (
    "SSL_CERT_FILE",
    "PIP_CERT",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "NODE_EXTRA_CA_CERTS",
    "NPM_CONFIG_CAFILE",
    "CARGO_HTTP_CAINFO",
)
CACHES = {
    "XDG_CACHE_HOME": CACHE,
    "UV_CACHE_DIR": f"{CACHE}/uv",
    "PIP_CACHE_DIR": f"{CACHE}/pip",
    "npm_config_cache": f"{CACHE}/npm",
    "npm_config_store_dir": f"{CACHE}/pnpm",
    "YARN_CACHE_FOLDER": f"{CACHE}/yarn",
}
UV_CONFIG = "uv.toml"
HOME = "home/"


@dataclass(frozen=True, slots=True)
class BuildOutfit:
    """`environ` are the operator's settings that mean something in a container; `files` are (name, content), those
    below "home/" for package managers that look for their settings there; `policy` is where a build may connect to."""

    environ: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, bytes], ...]
    policy: Policy

    def variables(self, folder: str) -> dict[str, str]:
        """What a build's commands get, with the files in `folder`."""
        found = proxied(dict(self.environ)) | CACHES
        names = {name for name, _ in self.files}
        if CERTIFICATES in names:
            found |= dict.fromkeys(CERTIFICATE_NAMES, f"{folder}/{CERTIFICATES}")
        if UV_CONFIG in names:
            found["UV_CONFIG_FILE"] = f"{folder}/{UV_CONFIG}"
        if any(name.startswith(HOME) for name in names):
            found["HOME"] = f"{folder}/{HOME.rstrip('/')}"
            found["JAVA_TOOL_OPTIONS"] += f" -Duser.home={found['HOME']}"  # it does not ask HOME
        return found


def outfit_of(environ: Mapping[str, str], registries: Iterable[str]) -> BuildOutfit:
    """Reads the operator's settings, his certificates among them. Raises InputError for a registry that is none."""
    settings = build_settings(environ, Path.home())
    chosen = dict(settings.environ)
    files = [(UV_CONFIG, settings.uv_config.encode())] if settings.uv_config else []
    certificates = _certificates(chosen)
    if certificates:
        files.append((CERTIFICATES, certificates))
    files += [(f"{HOME}{path}", text.encode()) for path, text in settings.home_files]
    kept = {
        name: value for name, value in chosen.items() if not (name in (*PATH_NAMES, *ADDRESS_NAMES) and _local(value))
    }
    return BuildOutfit(tuple(sorted(kept.items())), tuple(files), Policy.of(settings, registries))


def _certificates(chosen: Mapping[str, str]) -> bytes:
    """The certificates that the operator trusts: of his settings, else of this machine."""
    paths = [chosen.get(name, "") for name in ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE")]
    for path in (*paths, ssl.get_default_verify_paths().cafile or "", "/etc/ssl/certs/ca-certificates.crt"):
        if path:
            try:
                return Path(path).read_bytes()
            except OSError:
                continue
    return b""


def _local(value: str) -> bool:
    """Whether it names a file or folder of this machine."""
    return any(word.startswith(("/", "file:", "~", "./")) for word in value.replace(",", " ").split())
