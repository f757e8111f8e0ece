"""What a build's package manager asks a proxy for: CONNECT to a host, or GET of an http:// address. Whether it gets it
does not belong here.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

import h11

from sandbox.egress.policy import HOST, host_name


@dataclass(frozen=True, slots=True)
class Asked:
    """Where to, by a tunnel or, `plain`, by a request without TLS; only that has a `path`, with its query."""

    host: str
    port: int
    plain: bool
    path: str = ""

    @property
    def authority(self) -> str:
        """Host and port as they are written in a request."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.plain and self.port == 80 else f"{name}:{self.port}"

    @classmethod
    def by(cls, request: h11.Request) -> Asked:
        """Raises ValueError for a request that no package manager makes."""
        target = request.target.decode("latin-1")
        if request.method == b"CONNECT":
            parts = urlsplit(f"//{target}")
            if not parts.port or "@" in target:
                raise ValueError("no port, or a name of somebody")
            asked = cls(host_name(parts.hostname or ""), parts.port, plain=False)
        else:
            parts = urlsplit(target)
            if parts.scheme != "http" or request.method not in (b"GET", b"HEAD"):
                raise ValueError("no GET of an http:// address")
            path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
            asked = cls(host_name(parts.hostname or ""), parts.port or 80, plain=True, path=path)
        if not HOST.fullmatch(asked.host):
            raise ValueError("no name of a host")
        return asked
