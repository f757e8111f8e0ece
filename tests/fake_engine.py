"""A Docker engine that says what a test wants it to say: a tiny HTTP server on a unix socket or a port. No assertions
here."""

from __future__ import annotations

import json
import re
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

VERSION = re.compile(r"^/v1\.\d+(?=/)")
INFO = {"ServerVersion": "20.10.24", "NCPU": 2, "Driver": "overlay2", "CgroupVersion": "1", "DefaultRuntime": "runc"}


@dataclass
class FakeEngine:
    """`answers` are (status, JSON) by "METHOD /path" (without the API's version; the beginning of a path is enough, the
    longest counts); whatever else is asked for is not there (404)."""

    api: str = "1.41"
    answers: Mapping[str, tuple[int, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def answer(self, method: str, path: str) -> tuple[int, Any]:
        plain = f"{method} {VERSION.sub('', path)}"
        self.asked.append(plain)
        known = {
            "GET /version": (200, {"ApiVersion": self.api, "Version": "20.10.24"}),
            "GET /info": (200, INFO),
            **self.answers,
        }
        found = max((key for key in known if plain.startswith(key)), key=len, default="")
        return known[found] if found else (404, {"message": "No such image: it is not there"})

    @contextmanager
    def on_socket(self, path: Path) -> Iterator[str]:
        """Serves at a unix socket; its address as DOCKER_HOST has it."""
        with _UnixServer(str(path), self._handler()) as server:
            yield from _served(server, f"unix://{path}")

    @contextmanager
    def on_port(self) -> Iterator[str]:
        """Serves at a port of this machine, without TLS."""
        with socketserver.ThreadingTCPServer(("127.0.0.1", 0), self._handler()) as server:
            yield from _served(server, f"tcp://127.0.0.1:{server.server_address[1]}")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        engine = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, said = engine.answer(self.command, self.path)
                body = json.dumps(said).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _serve

            def address_string(self) -> str:
                return "somebody"

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler


class _UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


def _served(server: socketserver.BaseServer, address: str) -> Iterator[str]:
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield address
    finally:
        server.shutdown()
        thread.join()
