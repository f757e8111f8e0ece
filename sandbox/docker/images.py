"""The images that sandboxes start from: bases made ready for us, and built environments with when they were used last.

fixbugs-base:<id>     a base image plus the folders that a sandbox needs
fixbugs-env:<key>     a built environment
"""

from __future__ import annotations

import fcntl
import fnmatch
import io
import json
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import docker.errors
import docker.utils

from bot.core.errors import EnvironmentBroken, FixbugsError, Permanent, SandboxUnavailable
from bot.ports import Service
from sandbox.docker.container import CACHE, ENVIRONMENT, INSIDE_UID, ROOT, TEMPORARY
from sandbox.docker.engine import Engine, engine_errors, missing_image
from sandbox.docker.eviction import BASES, ENVIRONMENTS
from sandbox.docker.labels import LABEL, labels
from sandbox.docker.refusals import ROOM, is_full, lacking
from sandbox.docker.services import decoded, encoded
from sandbox.docker.settings import KINDS
from sandbox.environments import disk_errors

__all__ = ["BASES", "ENVIRONMENTS", "Images", "Kept"]

TAIL_CHARS = 4000
NOTED_S = 600.0  # how often the engine, too, is told that an environment is used
PULL_REFUSED = (400, 401, 403, 404)
# What a base says about how it is run is not ours.
FOLDERS = ("/usr/local/bin", "/usr/bin", "/bin")
PLAIN = {"Entrypoint": [], "Cmd": [], "User": "", "WorkingDir": "/", "Env": [f"PATH={':'.join(FOLDERS)}"]}
PROGRAMS = ("python3", "timeout", "cat")  # that every sandbox needs


@dataclass(frozen=True, slots=True)
class Kept:
    """A built environment: its image by id, so that one that is built again under the same key is another, and the
    prepared base that it was built on. `volumes` are folders that the base declares as volumes, `notes` what people
    should know of the build, `owner` whose downloads it was built with."""

    image: str
    base: str
    build_s: float
    output_tail: str
    size_bytes: int
    volumes: tuple[str, ...]
    services: tuple[Service, ...] = ()
    notes: tuple[str, ...] = ()
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Images:
    """On one engine. `folder` keeps when each environment was used last. Methods block."""

    engine: Engine
    folder: Path

    # ------------------------------------------------------------- bases

    def base(self, asked: str) -> str:
        """The prepared base for a kind of toolchain or an image that a repository names. Raises SandboxUnavailable when
        the operator has not provided it, EnvironmentBroken when a repository may not, or cannot, have its own."""
        name = self.engine.settings.images.get(asked, asked)
        with engine_errors(f"look for the image {name}"):
            found = self.engine.image(name)
        if asked in KINDS and found is None:
            raise SandboxUnavailable(missing_image(name))
        return self._prepared(name, found if found and asked in KINDS else self.fetched(name))

    def fetched(self, name: str) -> dict[str, Any]:
        """What the engine knows of an image that a repository names, pulled when it is not there. Raises
        EnvironmentBroken when it may not be used, or cannot be had."""
        self._check_allowed(name)
        with engine_errors(f"look for the image {name}"):
            found: dict[str, Any] | None = self.engine.image(name)
        return found or self._pulled(name)

    def allows(self, name: str) -> bool:
        """Whether a repository may have this image."""
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in self.engine.settings.allowed_images)

    def _check_allowed(self, name: str) -> None:
        patterns = self.engine.settings.allowed_images
        if not self.allows(name):
            allowed = f"allowed are {', '.join(patterns)}" if patterns else "none is allowed"
            raise EnvironmentBroken(
                f"The repository asks for the image {name!r}, which this server does not allow ({allowed}). Take the "
                "setting out of .github/fixbugs.yml, or ask the server's operator to add it to FIXBUGS_ALLOWED_IMAGES."
            )

    def _pulled(self, name: str) -> dict[str, Any]:
        repository, tag = docker.utils.parse_repository_tag(name)
        with engine_errors(f"pull the image {name}"):
            try:
                said = self.engine.patient.pull(repository, tag=tag or "latest")
            except docker.errors.APIError as error:
                why = str(error.explanation or error)
                if error.status_code in PULL_REFUSED and not is_full(why):
                    raise _not_pulled(name, why) from error
                raise
            found: dict[str, Any] | None = self.engine.image(name)
        if found is None:
            why = _error_in(said)
            if is_full(why):
                raise Permanent(ROOM)
            raise _not_pulled(name, why)
        return found

    def _prepared(self, name: str, found: dict[str, Any]) -> str:
        """The image with the folders that a sandbox needs, made once, without running anything of it."""
        _check_volumes(name, found)
        short = str(found["Id"]).rpartition(":")[2][:24]
        tag = f"{BASES}:{short}"
        with self._alone(short), engine_errors(f"prepare the image {name}"):
            if self.engine.image(tag) is not None:
                return tag
            # By its id: the name may mean another one by now.
            made = self.engine.api.create_container(found["Id"], command=["true"], labels=labels("base"))
            try:
                self._check_programs(made["Id"])
                self.engine.api.put_archive(made["Id"], "/", _folders())
                self.engine.patient.commit(made["Id"], BASES, short, conf={**PLAIN, "Labels": {LABEL: "1"}})
            finally:
                self.engine.api.remove_container(made["Id"], force=True, v=True)
        return tag

    def _check_programs(self, container: str) -> None:
        for program in PROGRAMS:
            if not any(self._holds(container, f"{folder}/{program}") for folder in FOLDERS):
                raise EnvironmentBroken(lacking(program))

    def _holds(self, container: str, path: str) -> bool:
        try:
            self.engine.api.get_archive(container, path)
        except docker.errors.NotFound:
            return False
        return True

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        """While no other thread or process that shares the folder prepares the same; the kernel ends it with us."""
        with disk_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = (self.folder / f".{name}.lock").open("wb")  # a key never begins with a point
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    # ------------------------------------------------------ environments

    def kept(self, key: str) -> Kept | None:
        """The environment under this key, if it was built."""
        name = f"{ENVIRONMENTS}:{key}"
        with engine_errors("look for an environment"):
            found: dict[str, Any] | None = self.engine.image(name)
        if found is None:
            return None
        config = found.get("Config") or {}
        said = config.get("Labels") or {}
        return Kept(
            str(found["Id"]),
            str(said.get(f"{LABEL}.base", "")),
            float(said.get(f"{LABEL}.build_s", 0.0)),
            str(said.get(f"{LABEL}.tail", "")),
            int(said.get(f"{LABEL}.size", 0)),
            tuple(config.get("Volumes") or ()),
            decoded(str(said.get(f"{LABEL}.services", ""))),
            tuple(str(note) for note in json.loads(said.get(f"{LABEL}.notes", "[]"))),
            str(said.get(f"{LABEL}.repository", "")),
        )

    def keep(self, key: str, container: str, made: Kept) -> None:
        """Makes this container's file system the environment under this key, instead of any other."""
        said = {
            LABEL: "1",
            f"{LABEL}.base": made.base,
            f"{LABEL}.build_s": f"{made.build_s:.3f}",
            f"{LABEL}.tail": made.output_tail[-TAIL_CHARS:],
            f"{LABEL}.size": str(made.size_bytes),
            f"{LABEL}.services": encoded(made.services),
            f"{LABEL}.notes": json.dumps(made.notes),
            f"{LABEL}.repository": made.owner,
        }
        with engine_errors("keep an environment"):
            before = self.engine.image(f"{ENVIRONMENTS}:{key}")
            self.engine.patient.commit(container, ENVIRONMENTS, key, conf={**PLAIN, "Labels": said})
            if before:
                with suppress(docker.errors.APIError):  # a container still uses it: it goes later
                    self.engine.api.remove_image(before["Id"])

    def use(self, key: str) -> None:
        """Marks it as used now, here and, now and then, for others that use the engine. Where neither can be done, it
        counts as unused."""
        note = self.folder / key
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            known = note.exists() and time.time() - note.stat().st_mtime < NOTED_S
            if known:
                return
            note.touch()
        with suppress(FixbugsError), engine_errors("mark an environment as used"):
            self.engine.api.tag(f"{ENVIRONMENTS}:{key}", ENVIRONMENTS, key)


def _not_pulled(name: str, why: str) -> EnvironmentBroken:
    return EnvironmentBroken(
        f"The image {name!r} of .github/fixbugs.yml could not be pulled: {why}. See that the name is right and that "
        "the engine can reach its registry."
    )


def _error_in(said: str) -> str:
    """What went wrong, of what the engine told of a pull: a line of JSON for each thing."""
    for line in reversed(said.splitlines()):
        with suppress(ValueError, AttributeError):
            found = json.loads(line).get("error")
            if found:
                return str(found)
    return "the engine did not say why"


def _check_volumes(name: str, found: dict[str, Any]) -> None:
    """What lies in a volume does not become part of an environment."""
    kept = [PurePosixPath(folder) for folder in (ENVIRONMENT, ROOT, CACHE, TEMPORARY)]
    for volume in map(PurePosixPath, (found.get("Config") or {}).get("Volumes") or ()):
        if any(volume == folder or volume in folder.parents or folder in volume.parents for folder in kept):
            raise EnvironmentBroken(
                f"The image {name!r} declares the volume {str(volume)!r}, where sandboxes keep what is theirs (below "
                f"{ENVIRONMENT}, {ROOT}, {CACHE} and {TEMPORARY}). Take VOLUME out of it, or name another image."
            )


def _folders() -> bytes:
    """An archive of the folders that a sandbox writes, as its user's own."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for folder in (ENVIRONMENT, ROOT, CACHE):
            entry = tarfile.TarInfo(folder.strip("/"))
            entry.type = tarfile.DIRTYPE
            entry.mode, entry.uid, entry.gid = 0o755, INSIDE_UID, INSIDE_UID
            archive.addfile(entry)
    return packed.getvalue()
