"""Copies a local git repository into the emulator through its git data API, commit by commit with the same hashes."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx


def client_of(url: str, headers: Mapping[str, str]) -> httpx.Client:
    """For HTTP on loopback: reading certificates would take 40 ms each time."""
    return httpx.Client(base_url=url, headers=headers, timeout=30, verify=False)  # noqa: S501 (there is no TLS)


def git(folder: Path, *arguments: str, stdin: bytes | None = None) -> bytes:
    return subprocess.run(["git", "-C", str(folder), *arguments], input=stdin, check=True, capture_output=True).stdout


def line(folder: Path, *arguments: str) -> str:
    return git(folder, *arguments).decode().strip()


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, link or submodule of a commit's whole tree."""

    path: str
    mode: str
    kind: str
    sha: str


def entries(folder: Path, sha: str) -> list[Entry]:
    found = []
    for record in git(folder, "ls-tree", "-r", "-z", sha).split(b"\0"):
        if record:
            meta, path = record.split(b"\t", 1)
            mode, kind, blob = meta.decode().split()
            found.append(Entry(path.decode(), mode, kind, blob))
    return found


class Copier:
    """Copies into one repository of the emulator ("owner/name"). Remembers what is there already."""

    def __init__(self, client: httpx.Client, repository: str, folder: Path) -> None:
        self._client = client
        self._base = f"/repos/{repository}/git"
        self._folder = folder
        self._there: set[str] = set()

    def commits(self, *revisions: str) -> None:
        """Every commit that `git rev-list` names for these."""
        for sha in line(self._folder, "rev-list", "--reverse", "--topo-order", *revisions).split():
            self._commit(sha)

    def ref(self, name: str, sha: str) -> None:
        """Makes or moves a ref ("refs/heads/main")."""
        made = self._client.post(f"{self._base}/refs", json={"ref": name, "sha": sha})
        if made.status_code == 422:
            path = f"{self._base}/{name}"
            made = self._client.patch(path, json={"sha": sha, "force": True})
        assert made.is_success, made.text

    def remove(self, name: str) -> None:
        self._client.delete(f"{self._base}/{name}")

    def _commit(self, sha: str) -> None:
        whole = entries(self._folder, sha)
        for entry in whole:
            if entry.kind == "blob":
                content = base64.b64encode(git(self._folder, "cat-file", "blob", entry.sha)).decode()
                self._once(entry.sha, "blobs", {"content": content, "encoding": "base64"})
        tree = line(self._folder, "rev-parse", f"{sha}^{{tree}}")
        listing = [{"path": e.path, "mode": e.mode, "type": e.kind, "sha": e.sha} for e in whole]
        self._once(tree, "trees", {"tree": listing})
        shown = git(self._folder, "show", "-s", "--format=%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%P%x00%B", sha)
        parts = shown.decode().split("\0")
        body = {
            "message": parts[7].removesuffix("\n"),  # `git show` adds one
            "tree": tree,
            "parents": parts[6].split(),
            "author": {"name": parts[0], "email": parts[1], "date": parts[2]},
            "committer": {"name": parts[3], "email": parts[4], "date": parts[5]},
        }
        self._once(sha, "commits", body)

    def _once(self, sha: str, kind: str, body: Mapping[str, object]) -> None:
        if sha in self._there:
            return
        made = self._client.post(f"{self._base}/{kind}", json=body)
        assert made.is_success, f"{kind}: {made.status_code} {made.text[:300]}"
        assert made.json()["sha"] == sha, f"{kind}: the emulator hashed {made.json()['sha']}, git {sha}"
        self._there.add(sha)
