"""The host's files that go into a namespace: how they are reached, what an interpreter needs, what lies in /etc.

Which of them go in, and the rest of bubblewrap's arguments, belong to `sandbox.bubblewrap`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bot.core.errors import SandboxUnavailable
from sandbox.place import base_interpreter

UNPRIVILEGED_UID = 4242  # who root becomes; nobody's on any distribution we know
INSIDE_UID = 10001  # who commands see themselves as
STAGE = Path("/run/fixbugs")  # root only: an empty folder, filled in private mount namespaces
STAGE_SCRIPT = """set -e
stage=$1; count=$2; shift 2
mount -t tmpfs -o mode=0755,size=1m fixbugs "$stage"
i=0
while [ "$i" -lt "$count" ]; do
  if [ -d "$1" ]; then mkdir "$stage/$i"; else : > "$stage/$i"; fi
  mount --rbind "$1" "$stage/$i"
  shift; i=$((i + 1))
done
uid=$1
shift
exec setpriv --reuid="$uid" --regid="$uid" --clear-groups -- "$@"
"""
BUILD_COPIED = ("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/gai.conf")
INTERPRETER_S = 20.0


@dataclass
class Binds:
    """The host's files that go in. As root they are reached through the stage, else where they are."""

    staged: list[str] | None
    argv: list[str] = field(default_factory=list)
    descriptors: list[int] = field(default_factory=list)

    def source(self, path: Path) -> str:
        """How bubblewrap reaches this path."""
        if self.staged is None:
            return str(path)
        self.staged.append(str(path))
        return f"{STAGE}/{len(self.staged) - 1}"

    def read_only(self, path: Path, inside: str | None = None) -> None:
        self.argv += ["--ro-bind", self.source(path), inside or str(path)]

    def data(self, content: bytes) -> str:
        """The number of an open descriptor from which bubblewrap reads this content."""
        handle = os.memfd_create("fixbugs", os.MFD_CLOEXEC)
        self.descriptors.append(handle)
        os.write(handle, content)
        os.lseek(handle, 0, os.SEEK_SET)
        return str(handle)

    def close(self) -> None:
        for handle in self.descriptors:
            os.close(handle)

    def writable(self, path: Path, inside: str) -> None:
        self.argv += ["--bind", self.source(path), inside]


def installed_in(python: Path) -> tuple[Path, ...]:
    """The folders that this base interpreter needs, but for what lies in /usr anyway."""
    if python.resolve() == base_interpreter():
        prefixes = [sys.base_prefix, sys.base_exec_prefix]
    else:
        code = "import sys; print(sys.base_prefix); print(sys.base_exec_prefix)"
        try:
            done = subprocess.run(
                (str(python), "-I", "-S", "-c", code), capture_output=True, timeout=INTERPRETER_S, check=True
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise SandboxUnavailable(f"The interpreter {python} cannot be run: {error}.") from error
        prefixes = done.stdout.decode().split("\n")[:2]
    found: list[Path] = []
    for prefix in prefixes:
        for folder in (Path(prefix), Path(prefix).resolve()):
            if not folder.is_relative_to("/usr") and len(folder.parts) > 1 and folder not in found:
                found.append(folder)
    return tuple(found)


def hand_over(*folders: Path) -> None:
    """Gives folders to whoever a build runs as."""
    if os.geteuid() == 0:
        for folder in folders:
            os.chown(folder, UNPRIVILEGED_UID, UNPRIVILEGED_UID)


def etc_files(build: bool) -> Iterator[tuple[str, bytes]]:
    """Small files below /etc that programs expect: (path, content)."""
    account = f"sandbox:x:{INSIDE_UID}:{INSIDE_UID}:sandbox:/sandbox/home:/bin/sh\n"
    yield "/etc/passwd", f"root:x:0:0:root:/root:/bin/sh\n{account}".encode()
    yield "/etc/group", f"root:x:0:\nsandbox:x:{INSIDE_UID}:\n".encode()
    if not build:
        yield "/etc/hosts", b"127.0.0.1 localhost sandbox\n::1 localhost\n"
        yield "/etc/nsswitch.conf", b"passwd: files\ngroup: files\nhosts: files\n"
        return
    for name in BUILD_COPIED:
        try:
            yield name, Path(name).read_bytes()
        except OSError:
            continue
