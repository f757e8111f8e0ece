"""What a build may reach: hosts and ports, how much, and by which proxy of the operator's. Connecting does not belong
here.

Refusing addresses that are nobody's registry (this machine's, a cloud's metadata) is in `sandbox.egress.addresses`.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from urllib.parse import unquote, urlsplit

from bot.core.errors import InputError
from sandbox.docker.settings import REGISTRIES
from sandbox.indexes import BuildSettings, index_addresses

HOST = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*|[0-9a-f:]*:[0-9a-f:.]+")
HOST_CHARS = 253
CA_NAMES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT")


@dataclass(frozen=True, slots=True)
class EgressLimits:
    """One build's. `up_bytes` is little on purpose: packages come in, nothing of size has to go out."""

    down_bytes: int = 4 << 30
    up_bytes: int = 64 << 20
    connections: int = 20_000  # in all; open at once are `forwarder.CONNECTIONS`
    head_bytes: int = 16 << 10
    head_s: float = 15.0
    connect_s: float = 15.0
    idle_s: float = 180.0


@dataclass(frozen=True, slots=True)
class Allowed:
    """A place that builds may reach: `host` ("*.example.com" is every name below example.com), by TLS or, where
    `plain`, by unencrypted HTTP. `own` is one that the operator named: it may have a private address."""

    host: str
    port: int = 443
    plain: bool = False
    own: bool = False

    @classmethod
    def parse(cls, text: str, own: bool = False) -> Allowed:
        """From "host", "host:port", "*.host" or an address with http:// or https://. Raises InputError."""
        try:
            parts = urlsplit(text if "://" in text else f"https://{text}")
            host, port = host_name(parts.hostname or ""), parts.port
        except ValueError:
            host, port = "", None
        wildcard = host.startswith("*.")
        if not HOST.fullmatch(host.removeprefix("*.")) or parts.scheme not in ("http", "https"):
            raise InputError(
                f"{without_credentials(text)!r} is no place that builds may reach. Give hosts in FIXBUGS_REGISTRIES as "
                "pypi.example.com, pypi.example.com:8443, *.example.com or http://pypi.example.com."
            )
        plain = parts.scheme == "http"
        return cls(host, port or (80 if plain else 443), plain, own and not wildcard)

    def covers(self, host: str, port: int, plain: bool) -> bool:
        if (port, plain) != (self.port, self.plain):
            return False
        return host.endswith(self.host[1:]) if self.host.startswith("*.") else host == self.host


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy of the operator's. `credentials` are "user:password", "" for none."""

    host: str
    port: int
    tls: bool
    credentials: str = ""

    @classmethod
    def parse(cls, text: str) -> Proxy:
        """Raises InputError for one that cannot be used."""
        try:
            parts = urlsplit(text if "://" in text else f"http://{text}")
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError(
                f"The proxy {without_credentials(text)!r} cannot be used for builds: only http:// and https:// proxies "
                "can. Set HTTPS_PROXY and HTTP_PROXY to one, or leave them out where packages can be reached without."
            )
        tls = parts.scheme == "https"
        name = unquote(parts.username or "")
        credentials = f"{name}:{unquote(parts.password or '')}" if name or parts.password else ""
        return cls(parts.hostname, port or (443 if tls else 80), tls, credentials)


@dataclass(frozen=True, slots=True)
class Proxies:
    """The operator's, by kind of request, and the hosts that need none (as in NO_PROXY)."""

    secure: Proxy | None = None
    plain: Proxy | None = None
    bypassed: tuple[str, ...] = ()

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Proxies:
        """From HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, PIP_PROXY and NO_PROXY, in small letters first. Raises
        InputError."""

        def first(*names: str) -> str:
            return next((value for name in names for key in (name, name.upper()) if (value := environ.get(key))), "")

        secure = first("https_proxy", "all_proxy") or environ.get("PIP_PROXY", "")
        plain = first("http_proxy", "all_proxy") or environ.get("PIP_PROXY", "")
        return cls(
            Proxy.parse(secure) if secure else None,
            Proxy.parse(plain) if plain else None,
            tuple(first("no_proxy").lower().replace(",", " ").split()),
        )

    def towards(self, host: str, port: int, plain: bool) -> Proxy | None:
        """The one to go through, or None for the direct way."""
        if any(_bypasses(pattern, host, port) for pattern in self.bypassed):
            return None
        return self.plain if plain else self.secure


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything that one build's egress is decided by. `ca_file` vouches for an operator's proxy that speaks TLS ("":
    what this machine trusts)."""

    allowed: tuple[Allowed, ...]
    proxies: Proxies = Proxies()
    limits: EgressLimits = EgressLimits()
    ca_file: str = ""

    @classmethod
    def of(cls, settings: BuildSettings, registries: Iterable[str], limits: EgressLimits = EgressLimits()) -> Policy:
        """The operator's: his registries and those of his package settings, by his proxies. Raises InputError."""
        environ = dict(settings.environ)
        ca_file = next((environ[name] for name in CA_NAMES if environ.get(name)), "")
        return cls(allowed_hosts(settings, registries), Proxies.of(environ), limits, ca_file)

    def find(self, host: str, port: int, plain: bool) -> Allowed | None:
        """What allows this, one that the operator named first."""
        fitting = [allowed for allowed in self.allowed if allowed.covers(host, port, plain)]
        return max(fitting, key=lambda allowed: allowed.own, default=None)


def allowed_hosts(settings: BuildSettings, registries: Iterable[str]) -> tuple[Allowed, ...]:
    """The registries, and every place that the operator's own package settings name. Raises InputError for a registry
    that is none; what a package manager's setting says and we cannot read is left to the package manager."""
    found = [Allowed.parse(text, own=text not in REGISTRIES) for text in registries]
    for address in index_addresses(settings):
        try:
            found.append(Allowed.parse(address, own=True))
        except InputError:
            continue
    return tuple(dict.fromkeys(found))


def _bypasses(pattern: str, host: str, port: int) -> bool:
    """Whether one word of NO_PROXY means this host: "*", a name (and every one below it), a network, with a port or
    without."""
    with contextlib.suppress(ValueError):
        return ip_address(host) in ip_network(pattern, strict=False)
    name, _, given = pattern.rpartition(":") if ":" in pattern else (pattern, "", "")
    name = name.removeprefix("*").removeprefix(".")
    if given not in ("", str(port)):
        return False
    return not name or host == name or host.endswith(f".{name}")


def host_name(text: str) -> str:
    """A host's name as it is compared: small letters, no dot at the end, ASCII. Raises ValueError (UnicodeError)."""
    name = text.lower().removesuffix(".")
    if len(name) > HOST_CHARS:
        raise ValueError("too long for a host's name")
    return name if name.isascii() else name.encode("idna").decode("ascii")


def without_credentials(text: str) -> str:
    """An address as it may be shown."""
    return re.sub(r"(://|^)[^/@]*@", r"\1", text)
