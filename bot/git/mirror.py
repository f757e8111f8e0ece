"""Our own bare repository beside each one that we are given: git only ever runs here, under our settings.

For a local repository it holds no objects: it borrows the other's object store (data, no settings) and gets a copy of
its refs. For a remote one it is a plain clone, fetched into. Reading trees and history belongs to `code`.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.core.errors import InputError, Permanent, Transient, Unauthorized
from bot.git.process import Git, Output, closed_environ, remote_environ, run, with_settings
from bot.git.sources import LocalRepository, RemoteRepository, read_refs
from bot.ports import Credentials

_FETCHED = ("refs/heads/", "refs/tags/")  # all of these, always
_REFSPECS = tuple(f"+{name}*:{name}*" for name in _FETCHED)
_NO_SUCH_REF = re.compile(r"couldn't find remote ref|no such remote ref", re.IGNORECASE)
_REFUSED = re.compile(
    r"authentication failed|could not read (username|password)|permission denied|repository not found|not found|"
    r"does not exist|does not appear to be a git repository|not a git repository|error: 40[0-9]|access denied|"
    r"host key verification failed|protocol .* not (allowed|supported)|no such file|invalid url|url rejected",
    re.IGNORECASE,
)
_UNAUTHORIZED = re.compile(  # the token is no token any more
    r"authentication failed|could not read (username|password)|error: 401|invalid (credentials|username)|"
    r"terminal prompts disabled",
    re.IGNORECASE,
)
_FORBIDDEN = re.compile(rf"{_UNAUTHORIZED.pattern}|error: 403|repository not found|access denied", re.IGNORECASE)
_NO_SPACE = re.compile(r"no space left|disk quota exceeded", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Mirrors:
    """The folder of our mirrors. `environ` is the environment that git's own starts from; `credentials` adds to it what
    a remote over HTTP needs, for one command at a time."""

    cache_dir: Path
    environ: Mapping[str, str]
    credentials: Credentials | None = None

    def git(self, source: LocalRepository | RemoteRepository) -> Git:
        """Git on this source's mirror, reading only."""
        git = Git(self._path(source), closed_environ(self.environ))
        if isinstance(source, LocalRepository):
            return git.with_environ(GIT_ALTERNATE_OBJECT_DIRECTORIES=_quoted(str(source.objects)))
        return git

    async def refresh(self, source: LocalRepository | RemoteRepository, ref: str) -> Git:
        """Brings the mirror up to date with its source, so that `ref` can be looked up in it.

        Raises InputError when the source refuses, Transient when a remote does not answer, Permanent when the cache
        cannot be written.
        """
        try:
            self.cache_dir.mkdir(parents=True, exist_ok=True)
            path = self._path(source)
            async with _locked(path.with_suffix(".lock")):
                if isinstance(source, LocalRepository):
                    await self._copy_refs(source, path)
                else:
                    await self._fetch(source, path, ref)
        except OSError as error:
            raise Permanent(
                f"The cache {str(self.cache_dir)!r} cannot be used ({error.strerror}): free space or choose another."
            ) from error
        return self.git(source)

    def _path(self, source: LocalRepository | RemoteRepository) -> Path:
        digest = hashlib.sha256(source.key.encode("utf-8", "surrogateescape")).hexdigest()[:16]
        name = re.sub(r"[^A-Za-z0-9_.-]+", "-", source.shown.rstrip("/").rsplit("/", 1)[-1]).strip(".-")[:40]
        return self.cache_dir / f"{name.removesuffix('.git') or 'repository'}-{digest}.git"

    async def _create(self, path: Path, object_format: str) -> None:
        """An empty bare repository without hooks, there completely or not at all."""
        if (path / "HEAD").is_file():
            return
        part = Path(tempfile.mkdtemp(prefix="new-", dir=self.cache_dir))
        try:
            command = ("git", "init", "--quiet", "--bare", "--template=", f"--object-format={object_format}", str(part))
            output = await run(command, closed_environ(self.environ))
            if output.exit_code:
                raise Permanent(f"git could not set up its cache in {str(self.cache_dir)!r}: {output.stderr}")
            _replace_folder(path, part)
        finally:
            shutil.rmtree(part, ignore_errors=True)

    async def _copy_refs(self, source: LocalRepository, path: Path) -> None:
        settings = await read_settings(source, self.environ)
        if settings.get("extensions.refstorage", "files") != "files":
            raise InputError(
                f"{source.shown!r} keeps its refs in the {settings['extensions.refstorage']} format, which is not read "
                f"directly: give it as the URL file://{source.shown}."
            )
        await self._create(path, settings.get("extensions.objectformat", "sha1"))
        refs = read_refs(source)
        _write(path / "packed-refs", "".join(f"{refs.hashes[name]} {name}\n" for name in sorted(refs.hashes)))
        _write(path / "HEAD", refs.head + "\n")
        shallow = source.common_dir / "shallow"
        if shallow.is_file():
            _write(path / "shallow", shallow.read_text("ascii", "replace"))
        else:
            (path / "shallow").unlink(missing_ok=True)

    async def _fetch(self, source: RemoteRepository, path: Path, ref: str) -> None:
        await self._create(path, "sha1")
        environ = remote_environ(self.environ)
        lent = await self._lent(source)
        git = Git(path, with_settings(environ, lent))
        listed = await git.run("ls-remote", "--symref", source.url, "HEAD")
        if lent and listed.exit_code:
            self._judge_token(listed, source)
        _judge(listed, source)
        head = _remote_head(listed.text)
        if not head:
            listed = await git.run("ls-remote", source.url)
            if not listed.stdout:
                raise InputError(f"{source.shown} has no commits: push one first.")
        _write(path / "HEAD", (head or "ref: refs/heads/main") + "\n")
        ours = (await git.run("rev-parse", "--verify", "--quiet", "HEAD^{commit}")).text.strip()
        if ref != "HEAD" or not ours or f"{ours}\tHEAD" not in listed.text.splitlines():
            _judge(await self._fetched(git, source, "--prune", *_REFSPECS), source)
        await self._fetch_one(git, source, ref)

    def _judge_token(self, listed: Output, source: RemoteRepository) -> None:
        """Raises what it means when a remote refuses what was lent for it."""
        if self.credentials is None or not _FORBIDDEN.search(listed.stderr):
            return
        self.credentials.refused(source.url)
        kind = Unauthorized if _UNAUTHORIZED.search(listed.stderr) else InputError
        raise kind(
            f"{source.shown} does not accept the App's token. See that the App is installed on this repository, "
            f"may read its contents, and that its private key was not revoked; then ask again."
        )

    async def _lent(self, source: RemoteRepository) -> Mapping[str, str]:
        """Nothing for remotes that are not web addresses: those have keys of their own."""
        if self.credentials is None or not source.url.startswith(("https://", "http://")):
            return {}
        return await self.credentials.environ(source.url)

    async def _fetch_one(self, git: Git, source: RemoteRepository, ref: str) -> None:
        """Asks for a commit or ref that no branch or tag leads to (a pull request's, say); a remote may refuse.

        Such a ref is asked for each time: the one that we have may be where it pointed to once."""
        if ref.startswith("refs/") and not ref.startswith(_FETCHED) and ":" not in ref:
            output = await self._fetched(git, source, f"+{ref}:{ref}")
            if _NO_SUCH_REF.search(output.stderr):
                await git.run("update-ref", "-d", ref)
            else:
                _judge(output, source)
        elif re.fullmatch(r"[0-9a-f]{40}", ref) and not await self._has(git, ref):
            await self._fetched(git, source, ref)

    async def _has(self, git: Git, ref: str) -> bool:
        return (await git.run("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")).exit_code == 0

    async def _fetched(self, git: Git, source: RemoteRepository, *arguments: str) -> Output:
        options = [a for a in arguments if a.startswith("--")]
        refspecs = [a for a in arguments if not a.startswith("--")]
        slow = ("-c", "http.lowSpeedLimit=1000", "-c", "http.lowSpeedTime=60")
        fetch = ("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", *options)
        return await git.run(*slow, *fetch, source.url, *refspecs)


async def read_settings(source: LocalRepository, environ: Mapping[str, str]) -> dict[str, str]:
    """A local repository's own settings, read as data: key in lower case to last value."""
    config = source.common_dir / "config"
    command = ("git", "config", "--file", str(config), "--no-includes", "-z", "--list")
    output = await run(command, closed_environ(environ), max_bytes=1 << 20)
    entries = (entry.partition("\n") for entry in output.text.split("\0") if entry)
    return {key.lower(): value or "true" for key, _, value in entries}


def _judge(output: Output, source: RemoteRepository) -> None:
    """Raises what a failed conversation with a remote means."""
    if output.exit_code == 0:
        return
    reason = " ".join(output.stderr.split())[-600:] or "git gave no reason"
    if _NO_SPACE.search(reason):
        raise Permanent(f"There is no space to fetch {source.shown} ({reason}): free some and try again.")
    if _REFUSED.search(reason):
        raise InputError(f"{source.shown} cannot be fetched: {reason}. Check the address and your access to it.")
    raise Transient(
        f"{source.shown} did not answer properly: {reason}. Check the address and your connection, then run again."
    )


def _remote_head(listing: str) -> str:
    """What goes into our HEAD, from `git ls-remote --symref URL HEAD`; "" when the remote's HEAD leads nowhere."""
    hashes = [line for line in listing.splitlines() if line.endswith("\tHEAD") and not line.startswith("ref:")]
    names = [line.split("\t")[0] for line in listing.splitlines() if line.startswith("ref: refs/heads/")]
    if not hashes:
        return ""
    return names[0] if names else hashes[0].split("\t")[0]


def _quoted(path: str) -> str:
    r"""As git reads it in a list of folders: quoted as in C, so that ":" may be part of the name."""
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _replace_folder(path: Path, part: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)
    part.rename(path)


def _write(path: Path, text: str) -> None:
    """Replaces a file in one step."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_bytes(text.encode("utf-8", "surrogateescape"))
    part.replace(path)


@contextlib.asynccontextmanager
async def _locked(path: Path) -> AsyncIterator[None]:
    """Holds a lock between processes; waiting for it can be cancelled."""
    with path.open("wb") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(0.05)
        yield
