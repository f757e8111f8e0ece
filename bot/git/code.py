"""`GitCode`, the Code port on git: resolves refs, reads trees and history, and says what a run will not see."""

from __future__ import annotations

import difflib
import re
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.core.errors import InputError
from bot.core.run import Commit
from bot.core.tree import Tree
from bot.git.mirror import Mirrors, read_settings
from bot.git.objects import COMMIT_FORMAT, Caps, Snapshot, parse_commits, read_snapshot
from bot.git.process import Git
from bot.git.sources import LocalRepository, RemoteRepository, find_repository
from bot.git.uncommitted import uncommitted_notices
from bot.ports import Credentials

_REMEMBERED = 4
_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


class GitCode:
    """Repositories by plain git ≥ 2.30, through bare mirrors of our own in `cache_dir`.

    `environ` is the environment of this process: for a remote, the person's proxy, keys and credential helper hold.
    `credentials` lends what a remote over HTTP asks for beyond that; it is in git's environment only, never in an
    argument or a file. Any thread and event loop may use it.
    A local repository is only read; its settings are never in force, and its hooks never run.
    """

    def __init__(
        self,
        cache_dir: Path,
        environ: Mapping[str, str],
        caps: Caps | None = None,
        *,
        credentials: Credentials | None = None,
    ) -> None:
        self._mirrors = Mirrors(cache_dir.absolute(), dict(environ), credentials)
        self._caps = caps or Caps()
        self._lock = threading.Lock()  # stages of several runs read side by side, each in a thread of its own
        self._snapshots: OrderedDict[tuple[str, str], Snapshot] = OrderedDict()

    async def resolve(self, repository: str, ref: str) -> Commit:
        """The commit that a branch, tag, hash (also a short one) or "HEAD" names.

        Raises InputError when there is no such repository or ref, Transient when a remote does not answer.
        """
        if not ref or ref.startswith("-") or any(c <= " " for c in ref):
            raise InputError(f"{ref!r} is not a ref: give a branch, a tag or a commit.")
        source = find_repository(repository)
        git = await self._mirrors.refresh(source, ref)
        sha = await _rev_parse(git, source, ref)
        return (await _log(git, sha, limit=1))[0]

    async def tree(self, repository: str, commit: str) -> Tree:
        """The files of a commit, byte for byte as committed; submodules are left out. The last few are remembered.

        Raises InputError over 100,000 files, 1 GiB in all or 100 MiB in one file.
        """
        source = find_repository(repository)
        key = (source.key, _full_hash(commit))
        with self._lock:
            snapshot = self._snapshots.get(key)
            near = next((s for k, s in reversed(self._snapshots.items()) if k[0] == source.key), None)
        if snapshot is None:
            git = await self._git(source, commit)
            snapshot = await read_snapshot(git, commit, self._caps, near.blobs if near else {})
        with self._lock:
            self._snapshots[key] = snapshot
            self._snapshots.move_to_end(key)
            while len(self._snapshots) > _REMEMBERED:
                self._snapshots.popitem(last=False)
        return snapshot.tree

    async def ancestors(self, repository: str, commit: str, limit: int) -> tuple[Commit, ...]:
        """First-parent history, newest first, merges and `commit` itself included."""
        source = find_repository(repository)
        return await _log(await self._git(source, _full_hash(commit)), "--first-parent", commit, limit=limit)

    async def touching(self, repository: str, commit: str, paths: Sequence[str], limit: int) -> tuple[Commit, ...]:
        """The newest commits up to this one that changed one of these files or folders; merges only where they did."""
        if not paths:
            return ()
        source = find_repository(repository)
        return await _log(await self._git(source, _full_hash(commit)), commit, "--", *paths, limit=limit)

    async def merge_base(self, repository: str, one: str, other: str) -> Commit:
        """The newest commit that both come from, both given by their full hashes."""
        source = find_repository(repository)
        git = await self._git(source, _full_hash(one))
        output = await git.run("merge-base", one, _full_hash(other))
        if output.exit_code:
            raise InputError(f"Commits {one[:12]} and {other[:12]} of {source.shown} have no common history.")
        return (await _log(git, output.text.split()[0], limit=1))[0]

    async def notices(self, repository: str) -> tuple[str, ...]:
        """Sentences on what a run does not see of a local repository; nothing for a remote one."""
        source = find_repository(repository)
        if isinstance(source, RemoteRepository):
            return ()
        git = await self._mirrors.refresh(source, "HEAD")
        settings = await read_settings(source, self._mirrors.environ)
        found = await uncommitted_notices(git, source, settings)
        if (source.common_dir / "shallow").is_file():
            found += ("This is a shallow clone: history before its cut cannot be searched for the commit of a fix.",)
        return found

    async def _git(self, source: LocalRepository | RemoteRepository, commit: str) -> Git:
        """Git on a mirror that was refreshed before, or on a fresh one when the cache does not have it."""
        git = self._mirrors.git(source)
        return git if (git.git_dir / "HEAD").is_file() else await self._mirrors.refresh(source, commit)


async def _log(git: Git, *what: str, limit: int) -> tuple[Commit, ...]:
    options = ("--literal-pathspecs", "log", "--no-show-signature", "--no-color", f"--max-count={limit}", COMMIT_FORMAT)
    output = await git.run(*options, *what)
    if output.exit_code:
        commit = next((word for word in what if _HASH.fullmatch(word)), "")
        raise InputError(f"The history of commit {commit[:12]} cannot be read: {output.stderr}. Run `git fsck` there.")
    return parse_commits(output.text)


async def _rev_parse(git: Git, source: LocalRepository | RemoteRepository, ref: str) -> str:
    """The full hash that a ref names. As git checkout does, it takes a branch before a tag of the same name, and finds
    a branch that only the clone's origin has."""
    problem = ""
    branch = () if ref == "HEAD" or _HASH.fullmatch(ref) else (f"refs/heads/{ref}",)
    for name in (*branch, ref, f"refs/remotes/origin/{ref}"):
        output = await git.run("rev-parse", "--verify", f"{name}^{{commit}}")
        if output.exit_code == 0:
            return output.text.split()[-1]
        if name not in branch:
            problem = problem or output.stderr
    if "ambiguous" in problem:
        raise InputError(f"{ref!r} is ambiguous in {source.shown}: give more of the commit's hash.")
    names = (await git.run("for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags")).text.split()
    commits = await git.run("rev-list", "--all", "--max-count=1")
    if not names and not commits.stdout.strip():
        raise InputError(f"{source.shown} has no commits: commit something first, then run again.")
    near = difflib.get_close_matches(ref, names, n=3, cutoff=0.5) or names[:5]
    raise InputError(
        f"{source.shown} has no branch, tag or commit {ref!r}. There is: {', '.join(near) or 'no branch'}."
    )


def _full_hash(commit: str) -> str:
    if not _HASH.fullmatch(commit):
        raise InputError(f"{commit!r} is not a full commit hash: resolve it first.")
    return commit
