"""What git is lent for a remote over HTTP, seen from the other end of the wire."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bot.core.errors import InputError, Transient, Unauthorized
from bot.git import GitCode
from bot.git.process import with_settings

TOKEN = "basic c2VjcmV0"  # noqa: S105 (not one)


@dataclass
class Remote:
    """A server that wants to know who asks, and has no repository for anybody."""

    url: str
    said: list[str] = field(default_factory=list)  # the Authorization header of each request


@contextmanager
def remote(status: int) -> Iterator[Remote]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.said.append(self.headers.get("Authorization", ""))
            self.send_response(status)
            if status == 401:
                self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Remote(f"http://127.0.0.1:{server.server_port}/ada/shop.git")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Lent:
    """Lends one header; or says that it cannot."""

    asked: list[str] = field(default_factory=list)
    away: bool = False
    given_back: list[str] = field(default_factory=list)

    async def environ(self, url: str) -> Mapping[str, str]:
        self.asked.append(url)
        if self.away:
            raise Transient("GitHub does not answer.")
        base = url.rsplit("/", 2)[0]
        key = f"http.{base}/.extraHeader"
        return {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": key, "GIT_CONFIG_VALUE_0": f"Authorization: {TOKEN}"}

    def refused(self, url: str) -> None:
        self.given_back.append(url)


def resolve(tmp_path: Path, url: str, lent: Lent | None, **environ: str) -> None:
    code = GitCode(tmp_path / "cache", {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), **environ}, credentials=lent)
    asyncio.run(code.resolve(url, "HEAD"))


def test_a_remote_over_http_gets_what_was_lent_and_nothing_of_it_is_kept(tmp_path: Path) -> None:
    lent = Lent()
    with remote(401) as server, pytest.raises(Unauthorized):
        resolve(tmp_path, server.url, lent)

    assert lent.asked == [server.url]
    assert TOKEN in server.said
    kept = [file for file in tmp_path.rglob("*") if file.is_file() and b"c2VjcmV0" in file.read_bytes()]
    assert kept == []


def test_a_token_that_is_refused_says_what_to_look_at(tmp_path: Path) -> None:
    lent = Lent()
    with remote(401) as server, pytest.raises(Unauthorized) as caught:
        resolve(tmp_path, server.url, lent)

    assert lent.given_back == [server.url], "it is tried again with a new one"
    assert "does not accept the App's token. See that the App is installed on this repository" in str(caught.value)
    assert "c2VjcmV0" not in str(caught.value)


def test_a_repository_that_is_not_for_the_app_is_not_tried_again(tmp_path: Path) -> None:
    with remote(403) as server, pytest.raises(InputError, match="does not accept the App's token"):
        resolve(tmp_path, server.url, Lent())


def test_without_anything_lent_nobody_is_asked_for_a_password(tmp_path: Path) -> None:
    with remote(401) as server, pytest.raises(InputError, match="cannot be fetched"):
        resolve(tmp_path, server.url, None)

    assert set(server.said) == {""}


def test_a_local_repository_needs_nothing_lent(tmp_path: Path) -> None:
    lent = Lent()
    with pytest.raises(InputError):
        resolve(tmp_path, str(tmp_path / "nothing"), lent)

    assert lent.asked == []


def test_a_forge_that_lends_nothing_now_is_tried_again(tmp_path: Path) -> None:
    with remote(401) as server, pytest.raises(Transient, match="GitHub does not answer"):
        resolve(tmp_path, server.url, Lent(away=True))


def test_settings_that_are_there_already_stay_in_force(tmp_path: Path) -> None:
    lent = Lent()
    proxy = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "http.userAgent", "GIT_CONFIG_VALUE_0": "ours"}
    merged = with_settings(proxy, asyncio.run(lent.environ("http://forge/ada/shop.git")))

    assert merged == {
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": "http.userAgent",
        "GIT_CONFIG_VALUE_0": "ours",
        "GIT_CONFIG_KEY_1": "http.http://forge/.extraHeader",
        "GIT_CONFIG_VALUE_1": f"Authorization: {TOKEN}",
    }
