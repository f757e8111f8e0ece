"""Finds out what a person's `repository` is, and reads a local one's layout and refs from its files. Starts no process.

A local repository's own settings are not honoured here: they may name programs to run.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from bot.core.errors import InputError
from bot.git.process import redacted

_URL = re.compile(r"(https?|ssh|git|file)://[^-/\s][^\s]*|file:///[^\s]+")
_SCP = re.compile(r"(?:[A-Za-z0-9_][\w.+-]*@)?[A-Za-z0-9][\w.-]+:(?!//)[^\s:][^\s]*")
_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REF_BYTES = 4096


@dataclass(frozen=True, slots=True)
class RemoteRepository:
    """A repository behind a URL (or `host:path`)."""

    url: str

    @property
    def key(self) -> str:
        return self.url

    @property
    def shown(self) -> str:
        return redacted(self.url)


@dataclass(frozen=True, slots=True)
class LocalRepository:
    """A repository on this machine. `git_dir` differs from `common_dir` in a linked worktree; `work_tree` is None for
    a bare repository."""

    work_tree: Path | None
    git_dir: Path
    common_dir: Path

    @property
    def key(self) -> str:
        return str(self.git_dir)

    @property
    def shown(self) -> str:
        return str(self.work_tree or self.git_dir)

    @property
    def objects(self) -> Path:
        return self.common_dir / "objects"


@dataclass(frozen=True, slots=True)
class Refs:
    """A repository's refs: full name and hash each; `head` is HEAD as git writes it (a hash, or "ref: …")."""

    head: str
    hashes: dict[str, str]


def find_repository(repository: str) -> LocalRepository | RemoteRepository:
    """What this path or URL names. Raises InputError when it names no repository that we would read."""
    if not repository.strip() or "\0" in repository:
        raise InputError("The repository is empty: give the path of a git repository or its URL.")
    path = Path(repository)
    if not os.path.lexists(path):
        if "::" in repository:
            raise InputError(f"{redacted(repository)!r} names a git transport helper, which is not used: give a URL.")
        if _URL.fullmatch(repository) or (_SCP.fullmatch(repository) and not repository.startswith(("/", "."))):
            return RemoteRepository(repository)
        if "://" in repository:
            raise InputError(
                f"{redacted(repository)!r} cannot be fetched: use an https, ssh, git or file URL, or a local path."
            )
        raise InputError(f"There is nothing at {repository!r}: give the path of a git repository or its URL.")
    if not path.is_dir():
        raise InputError(f"{repository!r} is not a folder: give the folder that holds the git repository.")
    return _local(path.resolve(), repository)


def _local(path: Path, shown: str) -> LocalRepository:
    found = _repository_at(path)
    if found:
        return found
    for parent in path.parents:
        if above := _repository_at(parent):
            where = above.work_tree or above.git_dir
            raise InputError(f"{shown!r} lies inside the git repository {str(where)!r}: give that folder instead.")
    raise InputError(
        f"{shown!r} is not a git repository: run `git init` there and commit, or give the repository's folder."
    )


def _repository_at(path: Path) -> LocalRepository | None:
    """The repository whose top is here, if there is one."""
    inner = path / ".git"
    if inner.is_file():
        content = _small(inner)
        if not content.startswith("gitdir:"):
            return None
        inner = (path / content.removeprefix("gitdir:").strip()).resolve()
        if not (inner / "HEAD").is_file():
            raise InputError(f"The worktree {str(path)!r} points to {str(inner)!r}, which is gone: repair it first.")
    if (inner / "HEAD").is_file():
        common = _small(inner / "commondir").strip() if (inner / "commondir").is_file() else "."
        return LocalRepository(path, inner, (inner / common).resolve())
    if all((path / name).exists() for name in ("HEAD", "objects", "refs")) and path.name != ".git":
        return LocalRepository(None, path, path)
    if path.name == ".git" and (path / "HEAD").is_file():
        return _repository_at(path.parent)
    return None


def read_refs(repository: LocalRepository) -> Refs:
    """Every ref of a local repository, read from its files."""
    texts: dict[str, str] = {}
    packed = repository.common_dir / "packed-refs"
    if packed.is_file():
        for line in packed.read_text("utf-8", "surrogateescape").splitlines():
            value, _, name = line.partition(" ")
            if _HASH.fullmatch(value):
                texts[name] = value
    root = repository.common_dir / "refs"
    for folder, _, names in os.walk(root):
        for name in names:
            file = Path(folder, name)
            if not name.endswith(".lock") and file.is_file() and not file.is_symlink():
                texts["refs/" + file.relative_to(root).as_posix()] = _small(file).strip()
    hashes = {name: value for name in texts if (value := _followed(name, texts)) and not _unusable(name)}
    return Refs(_small(repository.git_dir / "HEAD").strip(), hashes)


def _followed(name: str, texts: dict[str, str]) -> str:
    """The hash that a ref ends at, through symbolic refs; "" for one that leads nowhere."""
    for _ in range(5):
        text = texts.get(name, "")
        if not text.startswith("ref:"):
            return text if _HASH.fullmatch(text) else ""
        name = text.removeprefix("ref:").strip()
    return ""


def _unusable(name: str) -> bool:
    """Whether a name would not survive git's own rules for ref names (a line break could smuggle in another ref)."""
    return any(c <= " " or c in "~^:?*[\\\x7f" for c in name) or ".." in name or not name.startswith("refs/")


def _small(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(_REF_BYTES).decode("utf-8", "surrogateescape")
