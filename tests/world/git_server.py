"""Git over HTTP beside the emulator, as github.com has it: clone, fetch and push at /owner/name.git with a token that
the emulator checks, and attachments at /user-attachments/. What is pushed appears in the emulator's API, and what is
committed through the API can be fetched."""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from world.seeding import Copier, client_of, git, line

NOT_RECORDED = {"X-World": "git"}  # what we ask with the bot's token is none of its requests


class Mirror:
    """The bare repository that git itself serves, kept the same as the emulator's."""

    def __init__(self, api_url: str, admin: str, repository: str, folder: Path) -> None:
        self.folder = folder
        self.repository = repository
        self._path = f"/repos/{repository}"
        self._client = client_of(api_url, {"Authorization": f"token {admin}"})
        self._have: set[str] = set()
        if not folder.exists():
            folder.mkdir(parents=True)
            git(folder, "init", "-q", "--bare", "-b", "main")
            for name in ("http.receivepack", "uploadpack.allowAnySHA1InWant", "uploadpack.allowFilter"):
                git(folder, "config", name, "true")

    def close(self) -> None:
        self._client.close()

    def refs(self) -> dict[str, str]:
        listing = line(self.folder, "for-each-ref", "--format=%(objectname) %(refname)").splitlines()
        return {name: sha for sha, name in (row.split(" ", 1) for row in listing)}

    def take_in(self) -> dict[str, str]:
        """Brings over what the emulator has and this has not; returns the emulator's refs."""
        theirs = {}
        for kind in ("heads/", "tags/"):
            for ref in self._get(f"/git/matching-refs/{kind}"):
                theirs[ref["ref"]] = ref["object"]["sha"]
        for pull in self._get("/pulls?state=all&per_page=100"):
            theirs[f"refs/pull/{pull['number']}/head"] = pull["head"]["sha"]
        for sha in set(theirs.values()):
            self._commit(sha)
        git(self.folder, "symbolic-ref", "HEAD", f"refs/heads/{self._get('')['default_branch']}")
        mine = self.refs()
        for name, sha in theirs.items():
            if mine.get(name) != sha:
                git(self.folder, "update-ref", name, sha)
        for name in mine.keys() - theirs.keys():
            git(self.folder, "update-ref", "-d", name)
        return theirs

    def hand_out(self, before: dict[str, str], token: str, api_url: str) -> None:
        """Tells the emulator what was pushed, in the name of whoever pushed it."""
        headers = {"Authorization": f"token {token}", **NOT_RECORDED}
        with client_of(api_url, headers) as client:
            copier = Copier(client, self.repository, self.folder)
            after = self.refs()
            for name, sha in after.items():
                if before.get(name) != sha:
                    copier.commits(sha, *(f"^{old}" for old in before.values()))
                    copier.ref(name, sha)
            for name in before.keys() - after.keys():
                copier.remove(name)

    def _get(self, path: str) -> dict:  # type: ignore[type-arg] # whatever the emulator says
        answer = self._client.get(self._path + path)
        assert answer.is_success, answer.text
        return answer.json()  # type: ignore[no-any-return] # as above

    def _known(self, sha: str) -> bool:
        if sha not in self._have:
            found = subprocess.run(["git", "-C", self.folder, "cat-file", "-e", sha], capture_output=True, check=False)
            if found.returncode == 0:
                self._have.add(sha)
        return sha in self._have

    def _commit(self, sha: str) -> None:
        waiting = [sha]
        while waiting:
            if self._known(waiting[-1]):
                waiting.pop()
                continue
            data = self._get(f"/git/commits/{waiting[-1]}")
            if missing := [parent["sha"] for parent in data["parents"] if not self._known(parent["sha"])]:
                waiting += missing
                continue
            self._tree(data["tree"]["sha"])
            lines = [f"tree {data['tree']['sha']}", *(f"parent {parent['sha']}" for parent in data["parents"])]
            lines += [f"author {_identity(data['author'])}", f"committer {_identity(data['committer'])}", ""]
            message = data["message"] if data["message"].endswith("\n") else data["message"] + "\n"
            self._write("commit", ("\n".join(lines) + "\n" + message).encode(), waiting.pop())

    def _tree(self, sha: str) -> None:
        if self._known(sha):
            return
        listing = self._get(f"/git/trees/{sha}")["tree"]
        for entry in listing:
            if entry["type"] == "tree":
                self._tree(entry["sha"])
            elif entry["type"] == "blob" and not self._known(entry["sha"]):
                blob = self._get(f"/git/blobs/{entry['sha']}")
                self._write("blob", base64.b64decode(blob["content"]), entry["sha"])
        rows = "".join(f"{e['mode']} {e['type']} {e['sha']}\t{e['path']}\n" for e in listing)
        made = git(self.folder, "mktree", "--missing", stdin=rows.encode()).decode().strip()
        assert made == sha, (made, sha)

    def _write(self, kind: str, data: bytes, sha: str) -> None:
        made = git(self.folder, "hash-object", "-w", "-t", kind, "--stdin", stdin=data).decode().strip()
        assert made == sha, (kind, made, sha)


class GitServer:
    """Serves every repository of the emulator on a free loopback port, in threads of this process."""

    def __init__(self, api_url: str, admin: str, folder: Path) -> None:
        self.api_url = api_url
        self.folder = folder
        self.attachments: dict[str, tuple[str, bytes]] = {}  # path: content type and bytes
        self._admin = admin
        self._mirrors: dict[str, Mirror] = {}
        self._lock = threading.RLock()
        server = self

        class Handler(_Handler):
            world = server

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)
        for mirror in self._mirrors.values():
            mirror.close()

    def mirror(self, repository: str) -> Mirror:
        with self._lock:
            if repository not in self._mirrors:
                folder = self.folder / f"{repository}.git"
                self._mirrors[repository] = Mirror(self.api_url, self._admin, repository, folder)
            return self._mirrors[repository]

    def refusal(self, repository: str, token: str, push: bool) -> tuple[int, str] | None:
        """Why this token may not do that; None when it may."""
        headers = {"Authorization": f"token {token}", **NOT_RECORDED}
        with client_of(self.api_url, headers) as client:
            seen = client.get(f"/repos/{repository}/contents/").status_code
            if seen == 401:
                return 401, "Invalid username or token."
            if seen in (403, 404) and client.get(f"/repos/{repository}").status_code != 200:
                return 404, "Repository not found."
            if seen == 403:
                return 403, "Resource not accessible by integration"
            if push and not client.post(f"/repos/{repository}/git/blobs", json={"content": ""}).is_success:
                return 403, "Write access to repository not granted."
        return None

    def serve(self, repository: str, token: str, environ: dict[str, str], body: bytes) -> bytes:
        """Runs git's own server on a request and returns its CGI answer."""
        pushed = environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"].endswith("git-receive-pack")
        with self._lock:
            mirror = self.mirror(repository)
            before = mirror.take_in()
            given = {**os.environ, "GIT_PROJECT_ROOT": str(self.folder), "GIT_HTTP_EXPORT_ALL": "1", **environ}
            answer = subprocess.run(["git", "http-backend"], input=body, env=given, capture_output=True, check=False)
            if pushed:
                mirror.hand_out(before, token, self.api_url)
        return answer.stdout


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    world: GitServer

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        if found := self.world.attachments.get(urlsplit(self.path).path):
            self._answer(200, {"Content-Type": found[0]}, found[1])
        else:
            self._git(b"")

    def do_POST(self) -> None:
        self._git(self._body())

    def _git(self, body: bytes) -> None:
        path, _, query = self.path.partition("?")
        parts = path.strip("/").split("/")
        if len(parts) < 3:
            self._answer(404, {}, b"Not Found")
            return
        repository = f"{parts[0]}/{parts[1].removesuffix('.git')}"
        scheme, _, secret = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic":
            self._answer(401, {"WWW-Authenticate": 'Basic realm="GitHub"'}, b"Authentication required")
            return
        token = base64.b64decode(secret).decode().partition(":")[2]
        if refused := self.world.refusal(repository, token, "git-receive-pack" in self.path):
            self._answer(refused[0], {"WWW-Authenticate": 'Basic realm="GitHub"'}, refused[1].encode())
            return
        environ = {
            "PATH_INFO": f"/{repository}.git/{'/'.join(parts[2:])}",
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "REMOTE_USER": "x",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        head, _, data = self.world.serve(repository, token, environ, body).partition(b"\r\n\r\n")
        headers = dict(row.split(": ", 1) for row in head.decode().split("\r\n") if ": " in row)
        self._answer(int(headers.pop("Status", "200 OK").split()[0]), headers, data)

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body


def _identity(person: dict[str, str]) -> str:
    at = datetime.fromisoformat(person["date"].replace("Z", "+00:00"))
    return f"{person['name']} <{person['email']}> {int(at.timestamp())} {at.strftime('%z')}"
