"""What goes into a build's container so that its package managers find the way out: the forwarder, and the variables
that point to it. The host's end does not belong here.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

FORWARDER = Path(__file__).parent.parent / "inside" / "forwarder.py"
PROXY_PORT = 3128
PROXY_ADDRESS = f"http://127.0.0.1:{PROXY_PORT}"
PROXY_VARIABLES = (
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "http_proxy",
    "https_proxy",
    "npm_config_proxy",
    "npm_config_https_proxy",
    "YARN_HTTP_PROXY",
    "YARN_HTTPS_PROXY",
    "CARGO_HTTP_PROXY",
)
# The operator's way out is the host's business, and an exception to it would lead nowhere.
OPERATORS_OWN = frozenset(
    {
        *(name.lower() for name in PROXY_VARIABLES),
        "all_proxy",
        "no_proxy",
        "pip_proxy",
        "npm_config_noproxy",
        "npm_config_no_proxy",
    }
)


def forwarder_argv(python: str = "python3", port: int = PROXY_PORT) -> tuple[str, ...]:
    """How to start the forwarder in a container; its stdin and stdout are what `Egress.serve` takes. Better under
    another user than the build's, which could end it."""
    return (python, "-I", "-S", "-B", "-c", FORWARDER.read_text(encoding="utf-8"), str(port))


def proxied(environ: Mapping[str, str]) -> dict[str, str]:
    """A build's variables with our proxy in the place of any of the operator's."""
    kept = {name: value for name, value in environ.items() if name.lower() not in OPERATORS_OWN}
    return kept | dict.fromkeys(PROXY_VARIABLES, PROXY_ADDRESS) | {"JAVA_TOOL_OPTIONS": _for_java()}


def _for_java() -> str:
    """Java reads no such variables; Maven's newer transport reads the properties only when told to."""
    ways = [f"-D{kind}.proxyHost=127.0.0.1 -D{kind}.proxyPort={PROXY_PORT}" for kind in ("http", "https")]
    return " ".join([*ways, "-Dhttp.nonProxyHosts=", "-Daether.connector.http.useSystemProperties=true"])
