"""The images that sandboxes start from: bases made ready for us, and built environments with when they were used last.

fixbugs-base:<id>     a base image plus the folders that a sandbox needs
fixbugs-env:<key>     a built environment
"""

from __future__ import annotations

import fnmatch
import io
import json
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker.errors

from bot.core.errors import EnvironmentBroken, SandboxUnavailable
from bot.ports import Service
from sandbox.docker.container import CACHE, ENVIRONMENT, INSIDE_UID, ROOT
from sandbox.docker.engine import Engine, engine_errors, missing_image
from sandbox.docker.labels import LABEL, labels
from sandbox.docker.services import decoded, encoded
from sandbox.docker.settings import KINDS
from sandbox.environments import IN_USE_S

BASES, ENVIRONMENTS = "fixbugs-base", "fixbugs-env"
TAIL_CHARS = 4000
# What a base says about how it is run is not ours.
PLAIN = {"Entrypoint": [], "Cmd": [], "User": "", "WorkingDir": "/", "Env": [f"PATH={'/usr/local/bin:/usr/bin:/bin'}"]}


@dataclass(frozen=True, slots=True)
class Kept:
    """A built environment's image, and the prepared base that it was built on. `volumes` are folders that the base
    declares as volumes, `notes` what people should know of the build."""

    name: str
    base: str
    build_s: float
    output_tail: str
    size_bytes: int
    volumes: tuple[str, ...]
    services: tuple[Service, ...] = ()
    notes: tuple[str, ...] = ()


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
        repository, _, tag = name.partition(":")
        with engine_errors(f"pull the image {name}"):
            try:
                self.engine.api.pull(repository, tag=tag or "latest")
            except docker.errors.APIError as error:
                raise EnvironmentBroken(
                    f"The image {name!r} of .github/fixbugs.yml could not be pulled: {error.explanation or error}. "
                    "See that the name is right and that the engine can reach its registry."
                ) from error
            return dict(self.engine.image(name) or {})

    def _prepared(self, name: str, found: dict[str, Any]) -> str:
        """The image with the folders that a sandbox needs, made without running anything of it."""
        short = str(found["Id"]).rpartition(":")[2][:24]
        tag = f"{BASES}:{short}"
        with engine_errors(f"prepare the image {name}"):
            if self.engine.image(tag) is not None:
                return tag
            made = self.engine.api.create_container(name, command=["true"], labels=labels("base"))
            try:
                self.engine.api.put_archive(made["Id"], "/", _folders())
                self.engine.api.commit(made["Id"], BASES, short, conf={**PLAIN, "Labels": {LABEL: "1"}})
            finally:
                self.engine.api.remove_container(made["Id"], force=True, v=True)
        return tag

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
            name,
            str(said.get(f"{LABEL}.base", "")),
            float(said.get(f"{LABEL}.build_s", 0.0)),
            str(said.get(f"{LABEL}.tail", "")),
            int(said.get(f"{LABEL}.size", 0)),
            tuple(config.get("Volumes") or ()),
            decoded(str(said.get(f"{LABEL}.services", ""))),
            tuple(str(note) for note in json.loads(said.get(f"{LABEL}.notes", "[]"))),
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
        }
        with engine_errors("keep an environment"):
            before = self.engine.image(f"{ENVIRONMENTS}:{key}")
            self.engine.api.commit(container, ENVIRONMENTS, key, conf={**PLAIN, "Labels": said})
            if before:
                with suppress(docker.errors.APIError):  # a container still uses it
                    self.engine.api.remove_image(before["Id"])

    def use(self, key: str) -> None:
        """Marks it as used now; where that cannot be written, it counts as unused."""
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / key).touch()

    def tidy(self, now: float) -> list[str]:
        """Removes environments, the longest unused first, until all of them together fit the settings; never one that a
        run may still need. `now` is in seconds since 1970. Returns the keys."""
        with engine_errors("list environments"):
            listed = self.engine.api.images(ENVIRONMENTS, filters={"label": f"{LABEL}=1"})
        found = [(self._used_at(key), key, size) for key, size in _keys(listed)]
        total = sum(size for _, _, size in found)
        removed = []
        for used_at, key, size in sorted(found):
            if total <= self.engine.settings.environments_bytes or now - used_at < IN_USE_S:
                break
            if self.remove(key):
                removed.append(key)
                total -= size
        return removed

    def remove(self, key: str) -> bool:
        """False when a container still uses it."""
        try:
            self.engine.api.remove_image(f"{ENVIRONMENTS}:{key}")
        except docker.errors.ImageNotFound:
            pass
        except docker.errors.APIError:
            return False
        with suppress(OSError):
            (self.folder / key).unlink(missing_ok=True)
        return True

    def _used_at(self, key: str) -> float:
        try:
            return (self.folder / key).stat().st_mtime
        except OSError:
            return 0.0


def _keys(listed: Sequence[dict[str, Any]]) -> Iterator[tuple[str, int]]:
    for image in listed:
        size = int((image.get("Labels") or {}).get(f"{LABEL}.size", 0))
        for tag in image.get("RepoTags") or ():
            repository, _, key = str(tag).rpartition(":")
            if repository == ENVIRONMENTS:
                yield key, size


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
