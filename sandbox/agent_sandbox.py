"""One started local sandbox, as the host sees it: files in, commands run, files out. Untrusted answers end it.

Building environments and starting sandboxes belongs to `sandbox.local`, talking to the agent to `sandbox.channel`.
"""

from __future__ import annotations

import asyncio
import errno
import posixpath
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from bot.core.errors import Permanent, SandboxCrashed
from bot.core.tree import Tree
from bot.ports import Command, Completed, Ended, Limits
from sandbox.channel import Channel, Reply, encode
from sandbox.place import Place
from sandbox.trees import tree_frames

FILES_S = 120.0  # for putting a tree or reading a file
GRACE_S = 15.0  # past a command's wall limit: for ending its processes and passing on the last output
FRAME_BYTES = 1 << 16  # the most output that comes in one frame


@dataclass
class Output:
    """A command's output as it arrives; keeps no more than the cap, whatever the agent says."""

    cap_bytes: int
    on_stdout: Callable[[bytes], None] | None
    kept: dict[str, bytearray] = field(default_factory=lambda: {"stdout": bytearray(), "stderr": bytearray()})

    def take(self, reply: Reply) -> None:
        if self.on_stdout is not None and reply.kind == "stdout":
            self.on_stdout(reply.body)
        kept = self.kept[reply.kind]
        kept += reply.body[: max(0, min(reply.kept, self.cap_bytes - len(kept)))]


@dataclass
class AgentSandbox:
    """Implements `bot.ports.Sandbox`. `environ` is what every command's environment starts from; `process_base` is
    how many processes the kernel already counts against a limit on processes (None: it does not count them here);
    `disk_bytes` is what its own folders may hold (None: what the disk holds)."""

    channel: Channel
    place: Place
    environ: dict[str, str]
    process_base: int | None
    disk_bytes: int | None

    @property
    def tree_path(self) -> str:
        return self.place.tree

    @property
    def scratch_path(self) -> str:
        return self.place.scratch

    async def put_tree(self, tree: Tree) -> None:
        await self._files(tree_frames(tree, self.place.root, "tree"))

    async def put_file(self, path: str, content: bytes) -> None:
        header = {"do": "file", "base": self.place.root, "path": self._below_root(path), "kind": "file"}
        await self._files((encode(header, content), encode({"do": "done"})))

    async def read(self, path: str, max_bytes: int) -> bytes | None:
        header = {"do": "read", "base": self.place.root, "path": self._below_root(path), "max_bytes": max_bytes}
        reply = await self.channel.converse((encode(header),), FILES_S, max_bytes)
        return reply.body if reply.kind == "content" else None

    async def run(
        self, command: Command, limits: Limits, on_stdout: Callable[[bytes], None] | None = None
    ) -> Completed:
        if not command.argv or any("\0" in text for text in command.argv):
            raise Permanent(f"{command.argv!r} is not a command.")
        header = {
            "do": "run",
            "argv": command.argv,
            "cwd": posixpath.normpath(posixpath.join(self.place.tree, command.cwd)),
            "env": {**self.environ, **dict(command.env)},
            "stream": on_stdout is not None,
            "wall_s": limits.wall_s,
            "memory_bytes": limits.memory_bytes,
            "processes": limits.processes,
            "nproc": None if self.process_base is None else self.process_base + limits.processes,
            "file_bytes": limits.file_bytes,
            "output_bytes": limits.output_bytes,
        }
        output = Output(limits.output_bytes, on_stdout)
        frames = (encode(header, command.stdin),)
        reply = await self.channel.converse(frames, limits.wall_s + GRACE_S, FRAME_BYTES, output.take)
        if reply.kind != "ended" or reply.ended not in {ended.value for ended in Ended}:
            self.channel.kill("The sandbox broke the protocol; it was ended.")
            raise SandboxCrashed(f"The sandbox could not run {command.argv[0]!r}: {reply.text or reply.kind}.")
        return Completed(
            ended=Ended(reply.ended),
            exit_code=reply.exit_code,
            stdout=bytes(output.kept["stdout"]),
            stderr=bytes(output.kept["stderr"]),
            truncated=reply.truncated,
            wall_s=reply.wall_s,
        )

    async def close(self) -> None:
        await asyncio.shield(self.channel.close())

    aclose = close  # as `contextlib.aclosing` calls it

    def _below_root(self, path: str) -> str:
        """The path relative to the sandbox's root. Raises Permanent unless it lies below the tree or scratch folder."""
        normal = posixpath.normpath(path)
        if not normal.startswith((f"{self.place.tree}/", f"{self.place.scratch}/")) or "\0" in path:
            raise Permanent(f"{path!r} lies neither in the sandbox's tree nor in its scratch folder.")
        return posixpath.relpath(normal, self.place.root)

    async def _files(self, frames: Iterable[bytes]) -> None:
        reply = await self.channel.converse(frames, FILES_S)
        if reply.kind == "done":
            return
        if reply.errno in (errno.ENOSPC, errno.EDQUOT):
            if self.disk_bytes is None:
                raise Permanent(f"No space left on the disk that holds {self.place.root}. Make room, then run again.")
            raise Permanent(
                f"No space left in the sandbox for these files (it holds {self.disk_bytes >> 20} MB). "
                "Give it more, or make the repository smaller."
            )
        raise Permanent(f"The sandbox could not write the files: {reply.text or reply.kind}.")
