"""A tunnel over ssh to an engine's socket on another machine, for as long as this process lives. What is said through
it does not belong here.

ssh runs below a keeper (`sandbox.docker.tunnel_keeper`) that starts it again when it ends, and ends it when this
process ends, however that happens.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bot.core.errors import SandboxUnavailable

OPEN_S = 20.0
ANSWER_S = 10  # for the other machine to take the connection
ALIVE_S = 15  # three questions so far apart without an answer mean that the other machine is gone
LOOK_S = 0.05
KEEPER = Path(__file__).with_name("tunnel_keeper.py")
THERE = "/var/run/docker.sock"
# The user's own settings and keys count; nobody is asked for anything, and no connection of the user's own is shared:
# a shared one outlives the tunnel, and takes it down when the user ends it.
OPTIONS = {
    "BatchMode": "yes",
    "ConnectTimeout": str(ANSWER_S),
    "ControlMaster": "no",
    "ControlPath": "none",
    "ExitOnForwardFailure": "yes",
    "ServerAliveInterval": str(ALIVE_S),
    "StreamLocalBindUnlink": "yes",
}


@dataclass
class SshTunnel:
    """An open tunnel; `address` is its end here, as Docker's tools take it."""

    address: str
    folder: Path
    keeper: subprocess.Popen[bytes]

    @classmethod
    def open(cls, host: str) -> SshTunnel:
        """`host` is ssh://[user@]machine[:port][/path of its socket]. Blocks until it is open. Raises
        SandboxUnavailable with what ssh says."""
        if shutil.which("ssh") is None:
            raise SandboxUnavailable(f"DOCKER_HOST is {host}, but there is no `ssh` here: install an ssh client.")
        folder = Path(tempfile.mkdtemp(prefix="fixbugs-docker-"))  # this user's own
        socket = folder / "engine.sock"
        with (folder / "said").open("wb") as said:
            keeper = subprocess.Popen(
                [sys.executable, "-I", "-S", str(KEEPER), str(socket), *_argv(host, socket)],
                stdin=subprocess.PIPE,  # its end is how the keeper learns that we are gone
                stdout=subprocess.DEVNULL,
                stderr=said,
                start_new_session=True,  # a Ctrl-C is for us: what we clean up then needs the tunnel
            )
        tunnel = cls(f"unix://{socket}", folder, keeper)
        try:
            tunnel._await(host, socket)
        except BaseException:
            tunnel.close()
            raise
        return tunnel

    def _await(self, host: str, socket: Path) -> None:
        deadline = time.monotonic() + OPEN_S
        while not socket.exists():
            if self.keeper.poll() is not None or time.monotonic() > deadline:
                said = (self.folder / "said").read_text(encoding="utf-8", errors="replace").strip() or "no answer"
                raise SandboxUnavailable(
                    f"The Docker engine at {host} cannot be reached over ssh: {said.rstrip('.')}. `ssh` to it must "
                    "work without a question (keys, known_hosts) for the user that FixBugs runs as."
                )
            time.sleep(LOOK_S)

    def close(self) -> None:
        """May be called twice."""
        with contextlib.suppress(OSError):
            if self.keeper.stdin:
                self.keeper.stdin.close()
        try:
            self.keeper.wait(5)
        except subprocess.TimeoutExpired:
            self.keeper.kill()
            self.keeper.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def _argv(host: str, socket: Path) -> list[str]:
    try:
        parts = urlsplit(host)
        port = ["-p", str(parts.port)] if parts.port else []
    except ValueError as error:
        raise SandboxUnavailable(f"DOCKER_HOST is {host}, which is no address: {error}.") from error
    if not parts.hostname or parts.password:
        raise SandboxUnavailable(
            "DOCKER_HOST must be ssh://user@machine, with a port and the path of the engine's socket where they are "
            f"not the usual ones ({'a password cannot be given' if parts.password else 'no machine is named'})."
        )
    who = f"{parts.username}@{parts.hostname}" if parts.username else parts.hostname
    options = [word for name, value in OPTIONS.items() for word in ("-o", f"{name}={value}")]
    there = parts.path.rstrip("/") or THERE
    return ["ssh", "-nNT", *options, *port, "-L", f"{socket}:{there}", "--", who]
