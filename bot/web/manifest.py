"""The App's manifest: app.yml with this server's own addresses filled in, as GitHub's form takes it."""

from __future__ import annotations

import ipaddress
import json
import re
import sysconfig
from pathlib import Path
from urllib.parse import urlsplit

from ruamel.yaml import YAML

from bot.core.errors import InputError

FILE_NAME = "app.yml"
ORGANISATION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})")


def manifest_file() -> Path:
    """Beside app.py in a checkout; with the data files where the package was installed."""
    here = Path(__file__).parents[2] / FILE_NAME
    return here if here.is_file() else Path(sysconfig.get_path("data")) / "share" / "fixbugs" / FILE_NAME


def manifest(file: Path, *, public_url: str, return_url: str) -> str:
    """As JSON. `public_url` is where the forge reaches us, `return_url` where it sends the person's browser back to."""
    values = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
    values["url"] = public_url
    values["hook_attributes"] = {**values["hook_attributes"], "url": f"{public_url}/webhook"}
    values["redirect_url"] = return_url
    return json.dumps(values)


def form_address(web_url: str, organisation: str) -> str:
    """Where the form goes: the page that creates an App for oneself, or for an organisation. Raises InputError."""
    if not organisation:
        return f"{web_url}/settings/apps/new"
    if not ORGANISATION.fullmatch(organisation):
        raise InputError(f"{organisation!r} is not the name of an organisation: give it as in its address on GitHub.")
    return f"{web_url}/organizations/{organisation}/settings/apps/new"


def checked_address(address: str) -> str:
    """A server's address without a slash at its end. Raises InputError for what is none."""
    try:
        parts = urlsplit(address.strip())
        usable = parts.scheme in ("http", "https") and parts.hostname and not (parts.query or parts.fragment)
        _ = parts.port  # raises ValueError for a port that is none
    except ValueError:
        usable = False
    if not usable or "@" in parts.netloc:
        raise InputError(f"{address!r} is not the address of a server: it looks like https://fixbugs.example.org.")
    return address.strip().rstrip("/")


def unreachable_reason(address: str) -> str:
    """Why GitHub cannot deliver to this address; "" when nothing is known against it."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    if host == "localhost" or host.endswith((".localhost", ".local", ".internal")) or _is_private(host):
        return f"{host} cannot be reached from GitHub."
    if parts.scheme == "http":
        return "Deliveries over http can be read on their way; use https."
    return ""


def _is_private(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host  # a name of the local network
