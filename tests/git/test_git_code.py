"""GitCode against real repositories made here with git. What the processes do is seen in the results."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.core.errors import InputError, Permanent, Transient
from bot.git import GitCode
from bot.git.objects import Caps, parse_entries
from bot.git.process import redacted

WHO = {"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "a@x", "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "a@x"}
CLEAN = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
ENVIRON = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **CLEAN}


class Repository:
    """A repository made for one test."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str, path: Path | None = None) -> str:
        done = subprocess.run(
            ("git", *arguments), cwd=path or self.path, env={**ENVIRON, **WHO}, check=True, capture_output=True
        )
        return done.stdout.decode().strip()

    def commit(self, files: dict[str, bytes | str], message: str = "Change") -> str:
        for name, content in files.items():
            file = self.path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.encode() if isinstance(content, str) else content)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "project")


@pytest.fixture
def code(tmp_path: Path) -> GitCode:
    return GitCode(tmp_path / "cache", ENVIRON)


def contents(code: GitCode, repository: str | Path, commit: str) -> dict[str, bytes]:
    tree = asyncio.run(code.tree(str(repository), commit))
    return {path: tree.files[path].content for path in tree}


def fingerprint(path: Path) -> list[tuple[str, int, int]]:
    return sorted((str(p), p.lstat().st_mtime_ns, p.lstat().st_size) for p in path.rglob("*"))


# ---------------------------------------------------------------- resolve


@pytest.mark.parametrize(
    "name",
    [
        lambda r, sha: "HEAD",
        lambda r, sha: "main",
        lambda r, sha: "v1",
        lambda r, sha: sha,
        lambda r, sha: sha[:8],
        lambda r, sha: "refs/heads/main",
        lambda r, sha: "main~0",
    ],
    ids=["HEAD", "branch", "annotated tag", "hash", "short hash", "full name", "ancestor"],
)
def test_every_way_to_name_a_commit_resolves_to_it(
    repository: Repository, code: GitCode, name: Callable[[Repository, str], str]
) -> None:
    sha = repository.commit({"a.py": "x = 1\n"}, "Say é")
    repository.git("tag", "-a", "v1", "-m", "one")

    commit = asyncio.run(code.resolve(str(repository.path), name(repository, sha)))

    assert (commit.sha, commit.subject, commit.author) == (sha, "Say é", "Ada")
    assert commit.at.utcoffset() is not None


def test_a_commit_that_is_on_no_branch_resolves_by_its_hash(repository: Repository, code: GitCode) -> None:
    repository.commit({"a": "1"})
    lost = repository.commit({"a": "2"})
    repository.git("reset", "-q", "--hard", "HEAD~1")

    assert asyncio.run(code.resolve(str(repository.path), lost)).sha == lost
    assert contents(code, repository.path, lost) == {"a": b"2"}


def test_packed_and_loose_refs_are_both_seen_and_a_later_commit_too(repository: Repository, code: GitCode) -> None:
    first = repository.commit({"a": "1"})
    repository.git("branch", "old")
    repository.git("pack-refs", "--all")
    repository.git("gc", "-q")
    second = repository.commit({"a": "2"})

    assert asyncio.run(code.resolve(str(repository.path), "old")).sha == first
    assert asyncio.run(code.resolve(str(repository.path), "HEAD")).sha == second
    third = repository.commit({"a": "3"})
    assert asyncio.run(code.resolve(str(repository.path), "HEAD")).sha == third


def test_a_linked_worktree_has_its_own_head(repository: Repository, code: GitCode, tmp_path: Path) -> None:
    first = repository.commit({"a": "1"})
    repository.git("worktree", "add", "-q", "--detach", str(tmp_path / "linked"))
    repository.commit({"a": "2"})

    assert asyncio.run(code.resolve(str(tmp_path / "linked"), "HEAD")).sha == first


def test_a_branch_that_only_the_origin_has_is_found(repository: Repository, code: GitCode, tmp_path: Path) -> None:
    sha = repository.commit({"a": "1"})
    repository.git("branch", "feature")
    repository.git("clone", "-q", str(repository.path), str(tmp_path / "clone"))

    assert asyncio.run(code.resolve(str(tmp_path / "clone"), "feature")).sha == sha


def test_a_bare_repository_and_a_shallow_clone_work(repository: Repository, code: GitCode, tmp_path: Path) -> None:
    repository.commit({"a": "1"})
    sha = repository.commit({"a": "2"})
    repository.git("clone", "-q", "--bare", str(repository.path), str(tmp_path / "bare.git"))
    repository.git("clone", "-q", "--depth=1", f"file://{repository.path}", str(tmp_path / "shallow"))

    assert asyncio.run(code.resolve(str(tmp_path / "bare.git"), "main")).sha == sha
    assert len(asyncio.run(code.ancestors(str(tmp_path / "shallow"), sha, 10))) == 1
    assert contents(code, tmp_path / "shallow", sha) == {"a": b"2"}
    assert "shallow clone" in asyncio.run(code.notices(str(tmp_path / "shallow")))[0]


def test_a_repository_with_sha256_hashes_works(code: GitCode, tmp_path: Path) -> None:
    made = Repository(tmp_path / "first")
    made.git("init", "-q", "--object-format=sha256", str(tmp_path / "wide"))
    wide = Repository(tmp_path / "wide")
    sha = wide.commit({"a": "1"})

    assert len(sha) == 64
    assert asyncio.run(code.resolve(str(wide.path), "HEAD")).sha == sha
    assert contents(code, wide.path, sha) == {"a": b"1"}


@pytest.mark.parametrize("folder", ['with:colon and "quote"', "sp ace", "ünï", "back\\slash"])
def test_a_repository_may_lie_in_a_folder_with_a_strange_name(code: GitCode, tmp_path: Path, folder: str) -> None:
    repository = Repository(tmp_path / folder)
    sha = repository.commit({"a": "1"})

    assert asyncio.run(code.resolve(str(repository.path), "HEAD")).sha == sha
    assert contents(code, repository.path, sha) == {"a": b"1"}


def test_the_person_s_own_git_variables_do_not_lead_elsewhere(repository: Repository, tmp_path: Path) -> None:
    sha = repository.commit({"a": "1"})
    hook = {"GIT_DIR": "/nowhere", "GIT_INDEX_FILE": "/nowhere", "GIT_WORK_TREE": "/", "GIT_OBJECT_DIRECTORY": "/"}

    code = GitCode(tmp_path / "cache", {**ENVIRON, **hook})

    assert asyncio.run(code.resolve(str(repository.path), "HEAD")).sha == sha


# ----------------------------------------------------------------- errors


def refused(code: GitCode, repository: str | Path, ref: str = "HEAD") -> str:
    with pytest.raises(InputError) as caught:
        asyncio.run(code.resolve(str(repository), ref))
    return str(caught.value)


def test_a_folder_that_is_no_repository_says_what_to_do(code: GitCode, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    assert refused(code, tmp_path / "plain") == (
        f"'{tmp_path}/plain' is not a git repository: run `git init` there and commit, or give the repository's folder."
    )


def test_a_subfolder_names_the_repository_to_give(code: GitCode, repository: Repository) -> None:
    repository.commit({"src/a.py": ""})
    assert refused(code, repository.path / "src").endswith(f"'{repository.path}': give that folder instead.")


def test_a_file_and_a_path_that_is_not_there_are_refused(code: GitCode, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "is not a folder" in refused(code, tmp_path / "file")
    assert "There is nothing at" in refused(code, tmp_path / "gone")
    assert "is empty" in refused(code, "")


def test_a_repository_without_commits_says_so(code: GitCode, repository: Repository) -> None:
    assert refused(code, repository.path) == (
        f"{repository.path} has no commits: commit something first, then run again."
    )


def test_an_unknown_ref_names_the_closest_ones(code: GitCode, repository: Repository) -> None:
    repository.commit({"a": "1"})
    repository.git("branch", "release-1.2")
    assert refused(code, repository.path, "relase-1.2") == (
        f"{repository.path} has no branch, tag or commit 'relase-1.2'. There is: release-1.2."
    )


@pytest.mark.parametrize("ref", ["", "--upload-pack=x", "a b", "HEAD\nmain"])
def test_a_ref_that_could_be_an_option_or_two_lines_is_refused(code: GitCode, repository: Repository, ref: str) -> None:
    assert "is not a ref" in refused(code, repository.path, ref)


@pytest.mark.parametrize(
    "address", ["ext::sh -c touch% /tmp/x", "fd::7", "ftp://host/x", "ssh://-oProxyCommand=x/y", "-u:x"]
)
def test_addresses_that_could_run_programs_are_refused(code: GitCode, address: str) -> None:
    assert refused(code, address)


def test_a_missing_git_is_named(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"a": "1"})
    code = GitCode(tmp_path / "cache", {"PATH": str(tmp_path)})
    with pytest.raises(Permanent, match="install git"):
        asyncio.run(code.resolve(str(repository.path), "HEAD"))


def test_a_cache_that_cannot_be_written_is_named(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Permanent, match="cannot be used"):
        asyncio.run(GitCode(tmp_path / "file" / "cache", ENVIRON).resolve(str(repository.path), "HEAD"))


# ------------------------------------------------------------------- tree


def test_a_tree_holds_exactly_the_committed_bytes(repository: Repository, code: GitCode) -> None:
    files: dict[str, bytes | str] = {
        ".gitattributes": "*.txt text eol=crlf\n*.id ident\nhidden export-ignore\n*.enc working-tree-encoding=UTF-16\n",
        "dos.bin": b"a\r\nb\n\0\xff",
        "unix.txt": b"a\nb\n",
        "v.id": b"$Id$\n",
        "hidden": b"seen\n",
        "empty": b"",
        "deep/er/x.py": "x = 'é'\n",
        "new\nline": b"1",
        "back\\slash": b"2",
        "Case": b"3",
        "case": b"4",
    }
    sha = repository.commit(files)
    (repository.path / "unix.txt").write_bytes(b"not committed")

    expected = {name: text.encode() if isinstance(text, str) else text for name, text in files.items()}
    assert contents(code, repository.path, sha) == expected


def test_modes_links_and_submodules_are_told_apart(repository: Repository, code: GitCode) -> None:
    (repository.path / "run").write_text("#!/bin/sh\n")
    (repository.path / "run").chmod(0o755)
    (repository.path / "link").symlink_to("../outside")
    repository.git("add", "-A")
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},vendored")
    repository.git("commit", "-q", "-m", "Modes")
    tree = asyncio.run(code.tree(str(repository.path), repository.git("rev-parse", "HEAD")))

    assert sorted(tree) == ["link", "run"]
    assert tree.files["run"].executable
    assert tree.files["link"].symlink
    assert tree.files["link"].content == b"../outside"


def test_a_name_that_is_not_utf_8_is_written_readably() -> None:
    record = b"100644 blob " + b"a" * 40 + b" 3\tcaf\xe9.txt"
    assert [e.path for e in parse_entries([record])] == ["caf\\xe9.txt"]


def test_of_a_readable_and_an_unreadable_name_that_come_out_alike_the_real_one_is_kept() -> None:
    records = [b"100644 blob " + b"a" * 40 + b" 3\tcaf\xe9", b"100644 blob " + b"b" * 40 + b" 3\tcaf\\xe9"]
    assert [(e.path, e.blob[0]) for e in parse_entries(records)] == [("caf\\xe9", "b")]


def test_a_commit_that_smuggles_in_git_settings_is_refused() -> None:
    with pytest.raises(InputError, match="git itself refuses"):
        parse_entries([b"100644 blob " + b"a" * 40 + b" 3\tsub/.GIT/config"])


@pytest.mark.parametrize(
    ("caps", "message"),
    [
        (Caps(files=2), "more than 2 files"),
        (Caps(file_bytes=1 << 20), "'big' has 3 MiB"),
        (Caps(total_bytes=1 << 20), "the largest is 'big'"),
    ],
)
def test_a_tree_over_a_cap_is_refused_by_name(repository: Repository, tmp_path: Path, caps: Caps, message: str) -> None:
    sha = repository.commit({"a": "1", "b": "2", "big": b"x" * (3 << 20)})
    with pytest.raises(InputError, match=message):
        asyncio.run(GitCode(tmp_path / "cache", ENVIRON, caps).tree(str(repository.path), sha))


def test_a_partial_clone_says_which_file_is_missing(repository: Repository, code: GitCode, tmp_path: Path) -> None:
    sha = repository.commit({"a.py": "x = 1\n"})
    repository.git("config", "uploadpack.allowFilter", "true")
    partial = tmp_path / "partial"
    repository.git("clone", "-q", "-n", "--filter=blob:none", f"file://{repository.path}", str(partial))

    with pytest.raises(InputError, match=r"'a.py' is missing from this clone"):
        asyncio.run(code.tree(str(partial), sha))


def test_a_tree_is_read_once_and_a_neighbour_shares_its_bytes(repository: Repository, code: GitCode) -> None:
    first = repository.commit({"a": "1", "same": "x" * 1000})
    second = repository.commit({"a": "2"})

    async def read() -> tuple[bool, bool]:
        one = await code.tree(str(repository.path), first)
        two = await code.tree(str(repository.path), second)
        again = await code.tree(str(repository.path), first)
        return one is again, one.files["same"].content is two.files["same"].content

    assert asyncio.run(read()) == (True, True)


def test_many_files_are_read_in_a_moment(repository: Repository, code: GitCode) -> None:
    sha = repository.commit({f"d{n % 50}/f{n}.py": f"x = {n}\n" * 20 for n in range(3000)})
    took_s = []
    for _ in range(3):  # on a busy machine the best of them tells
        before = time.monotonic()
        assert len(contents(code, repository.path, sha)) == 3000
        took_s.append(time.monotonic() - before)
    assert min(took_s) < 5


# -------------------------------------------------------------- ancestors


def test_history_follows_first_parents_with_merges_in_it(repository: Repository, code: GitCode) -> None:
    repository.commit({"a": "1"}, "one")
    repository.git("checkout", "-q", "-b", "side")
    repository.commit({"b": "1"}, "aside")
    repository.git("checkout", "-q", "main")
    repository.commit({"a": "2"}, "two")
    repository.git("merge", "-q", "--no-ff", "-m", "merge", "side")
    head = repository.git("rev-parse", "HEAD")

    found = asyncio.run(code.ancestors(str(repository.path), head, 10))
    limited = asyncio.run(code.ancestors(str(repository.path), head, 2))

    assert [c.subject for c in found] == ["merge", "two", "one"]
    assert [c.subject for c in limited] == ["merge", "two"]


# ---------------------------------------------------------------- notices


def test_a_clean_checkout_has_nothing_to_say(repository: Repository, code: GitCode) -> None:
    repository.commit({"a": "1", ".gitignore": "build/\n"})
    (repository.path / "build").mkdir()
    (repository.path / "build" / "x").write_text("")
    assert asyncio.run(code.notices(str(repository.path))) == ()


def test_changed_staged_deleted_and_new_files_are_counted(repository: Repository, code: GitCode) -> None:
    repository.commit({"a": "1", "b": "1", "c": "1"})
    (repository.path / "a").write_text("changed")
    (repository.path / "b").unlink()
    (repository.path / "staged").write_text("")
    repository.git("add", "staged")
    (repository.path / "loose").write_text("")

    assert asyncio.run(code.notices(str(repository.path))) == (
        "3 files have uncommitted changes (a, b, staged), which a run does not see: commit them to include them.",
        "1 path is not tracked by git (loose), so a run does not see it.",
    )


def test_converted_line_ends_are_no_changes(repository: Repository, code: GitCode) -> None:
    repository.git("config", "core.autocrlf", "true")
    repository.commit({"a.txt": "one\ntwo\n"})
    (repository.path / "a.txt").unlink()
    repository.git("checkout", "-q", "a.txt")
    assert (repository.path / "a.txt").read_bytes() == b"one\r\ntwo\r\n"
    os.utime(repository.path / "a.txt", (1, 1))  # so that the content has to be looked at
    assert asyncio.run(code.notices(str(repository.path))) == ()


def test_nothing_that_a_repository_names_is_run_and_nothing_in_it_changes(
    repository: Repository, code: GitCode, tmp_path: Path
) -> None:
    sha = repository.commit({".gitattributes": "* filter=evil diff=evil\n", "a": "1"})
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\ncat\n")
    trap.chmod(0o755)
    for key in (
        "core.fsmonitor",
        "core.sshCommand",
        "core.pager",
        "core.alternateRefsCommand",
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "diff.evil.textconv",
        "diff.external",
        "uploadpack.packObjectsHook",
        "gpg.program",
        "credential.helper",
    ):
        repository.git("config", key, str(trap))
    repository.git("config", "core.hooksPath", str(tmp_path / "hooks"))
    (tmp_path / "hooks").mkdir()
    for hook in ("post-index-change", "reference-transaction", "post-checkout", "pre-auto-gc"):
        (tmp_path / "hooks" / hook).symlink_to(trap)
    (repository.path / "a").write_text("2")
    (repository.path / "new").write_text("2")
    before = fingerprint(repository.path)

    async def everything() -> tuple[str, ...]:
        commit = await code.resolve(str(repository.path), "HEAD")
        await code.tree(str(repository.path), commit.sha)
        await code.ancestors(str(repository.path), commit.sha, 5)
        return await code.notices(str(repository.path))

    assert len(asyncio.run(everything())) == 2
    assert contents(code, repository.path, sha)["a"] == b"1"
    assert fingerprint(repository.path) == before
    assert not (tmp_path / "sprung").exists()


# ---------------------------------------------------------------- remotes


def test_a_remote_is_fetched_and_later_commits_are_seen(repository: Repository, code: GitCode) -> None:
    first = repository.commit({"a": "1"})
    url = f"file://{repository.path}"
    assert asyncio.run(code.resolve(url, "HEAD")).sha == first
    second = repository.commit({"a": "2"})
    repository.git("checkout", "-q", "-b", "other")
    third = repository.commit({"a": "3"})

    assert asyncio.run(code.resolve(url, "main")).sha == second
    assert asyncio.run(code.resolve(url, "HEAD")).sha == third
    assert contents(code, url, second) == {"a": b"2"}
    assert asyncio.run(code.notices(url)) == ()


def test_a_ref_outside_of_branches_and_tags_is_fetched_by_name(repository: Repository, code: GitCode) -> None:
    repository.commit({"a": "1"})
    repository.git("checkout", "-q", "--detach")
    pull = repository.commit({"a": "2"})
    repository.git("update-ref", "refs/pull/7/head", pull)
    repository.git("checkout", "-q", "main")

    assert asyncio.run(code.resolve(f"file://{repository.path}", "refs/pull/7/head")).sha == pull


def test_a_pull_request_that_got_new_commits_is_read_at_its_new_head(repository: Repository, code: GitCode) -> None:
    repository.commit({"a": "1"})
    repository.git("checkout", "-q", "--detach")
    url = f"file://{repository.path}"
    for content in ("2", "3"):
        head = repository.commit({"a": content})
        repository.git("update-ref", "refs/pull/7/head", head)
        repository.git("checkout", "-q", "--detach", "main")
        assert asyncio.run(code.resolve(url, "refs/pull/7/head")).sha == head

    repository.git("update-ref", "-d", "refs/pull/7/head")
    assert "no branch, tag or commit 'refs/pull/7/head'" in refused(code, url, "refs/pull/7/head")


def test_a_tag_does_not_stand_in_for_the_branch_of_its_name(repository: Repository, code: GitCode) -> None:
    first = repository.commit({"a": "1"})
    second = repository.commit({"a": "2"})
    repository.git("tag", "main", first)

    assert asyncio.run(code.resolve(f"file://{repository.path}", "main")).sha == second
    assert asyncio.run(code.resolve(str(repository.path), "main")).sha == second
    assert asyncio.run(code.resolve(str(repository.path), "refs/tags/main")).sha == first


def test_a_remote_that_is_no_repository_is_bad_input_and_an_empty_one_too(code: GitCode, tmp_path: Path) -> None:
    Repository(tmp_path / "empty")
    assert "cannot be fetched" in refused(code, f"file://{tmp_path}/nothing")
    assert "has no commits" in refused(code, f"file://{tmp_path}/empty")


def test_a_remote_that_does_not_answer_may_be_tried_again(code: GitCode) -> None:
    with pytest.raises(Transient, match="did not answer") as caught:
        asyncio.run(code.resolve("http://bob:s3cret@127.0.0.1:1/x.git", "HEAD"))
    assert "s3cret" not in str(caught.value)


def test_credentials_in_addresses_are_not_repeated() -> None:
    assert redacted("fatal: 'https://x:tok@h/p' and ssh://git@h/p") == "fatal: 'https://***@h/p' and ssh://git@h/p"


def test_reading_a_large_tree_can_be_cancelled_at_once(repository: Repository, code: GitCode) -> None:
    repository.git("config", "core.compression", "0")  # making it is not what is looked at
    sha = repository.commit({f"f{n}": os.urandom(4 << 20) for n in range(24)})

    async def cancelled() -> float:
        task = asyncio.create_task(code.tree(str(repository.path), sha))
        await asyncio.sleep(0.02)
        before = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return time.monotonic() - before

    assert asyncio.run(asyncio.wait_for(cancelled(), 60)) < 10


def test_a_listing_far_over_the_cap_ends_early(repository: Repository, tmp_path: Path) -> None:
    sha = repository.commit({f"{'x' * 200}{n}": "" for n in range(2000)})
    code = GitCode(tmp_path / "cache", ENVIRON, Caps(files=2))
    with pytest.raises(InputError, match="more than 2 files"):
        asyncio.run(asyncio.wait_for(code.tree(str(repository.path), sha), 20))


def test_cancelling_ends_git_and_all_that_it_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    slow = tmp_path / "ssh.sh"
    slow.write_text(f"#!/bin/sh\necho $$ >> {pids}\nsleep 60 &\necho $! >> {pids}\nwait\n")
    slow.chmod(0o755)
    code = GitCode(tmp_path / "cache", {**ENVIRON, "GIT_SSH_COMMAND": str(slow)})

    async def cancelled() -> None:
        task = asyncio.create_task(code.resolve("ssh://example.invalid/x.git", "HEAD"))
        while not (pids.exists() and len(pids.read_text().split()) == 2):  # noqa: ASYNC110 - a process tells us
            await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(asyncio.wait_for(cancelled(), 20))
    time.sleep(0.2)
    assert not any(alive(int(pid)) for pid in pids.read_text().split())


def alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] not in ("Z", "X")
