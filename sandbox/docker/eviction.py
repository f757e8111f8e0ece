"""What goes from an engine when there is too much of it: environments that nobody used for long, and what only they
needed. Nothing that a run may still need goes; what dead processes left is `sandbox.docker.cleaning`'s business."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import docker.errors

from sandbox.docker.engine import Engine, engine_errors
from sandbox.docker.labels import LABEL
from sandbox.environments import IN_USE_S

BASES, ENVIRONMENTS, DOWNLOADS = "fixbugs-base", "fixbugs-env", "fixbugs-downloads-"
HALF_MADE_S = 3600.0  # an image without a name may be one that is just being named
OURS = {"label": f"{LABEL}=1"}


@dataclass(frozen=True, slots=True)
class Eviction:
    """On one engine, which others may use too. `folder` says when this machine used each environment last."""

    engine: Engine
    folder: Path

    def tidy(self, now: float) -> list[str]:
        """Removes environments, the longest unused first, until all of them together fit the settings; then bases,
        downloads and nameless images that no environment needs. `now` is in seconds since 1970. Returns the keys."""
        with engine_errors("list environments"):
            listed = self.engine.api.images(filters=OURS)
        kept = {key: image for image in listed for key in _tags(image, ENVIRONMENTS)}
        removed = self._oldest(kept, now)
        left = [image for key, image in kept.items() if key not in removed]
        self._nameless(listed, now)
        self._bases(listed, {_label(image, "base") for image in left}, now)
        self._downloads({_label(image, "repository") for image in left}, now)
        return removed

    def remove(self, key: str) -> bool:
        """False when a container still uses it."""
        if not self._removed(f"{ENVIRONMENTS}:{key}"):
            return False
        with suppress(OSError):
            (self.folder / key).unlink(missing_ok=True)
        return True

    def _oldest(self, kept: Mapping[str, dict[str, Any]], now: float) -> list[str]:
        sizes = {key: int(_label(image, "size") or 0) for key, image in kept.items()}
        total = sum(sizes.values())
        if total <= self.engine.settings.environments_bytes:
            return []
        removed: list[str] = []
        for used_at, key in sorted((self._used_at(key, image), key) for key, image in kept.items()):
            if total <= self.engine.settings.environments_bytes or now - used_at < IN_USE_S:
                break
            if self.remove(key):
                removed.append(key)
                total -= sizes[key]
        return removed

    def _used_at(self, key: str, image: Mapping[str, Any]) -> float:
        """By this machine's notes or by the engine's, which other machines' use moves too."""
        known = [float(image.get("Created") or 0)]
        with suppress(OSError):
            known.append((self.folder / key).stat().st_mtime)
        with engine_errors("look at an environment"):
            found = self.engine.image(f"{ENVIRONMENTS}:{key}") or {}
        named = found.get("Metadata")
        known.append(_seconds(named.get("LastTagTime") if isinstance(named, dict) else ""))
        return max(known)

    def _nameless(self, listed: Sequence[dict[str, Any]], now: float) -> None:
        """Environments that were built again, and images whose maker was ended before they had a name."""
        for image in listed:
            nameless = all(tag == "<none>:<none>" for tag in image.get("RepoTags") or ())
            if nameless and now - float(image.get("Created") or 0) > HALF_MADE_S:
                self._removed(str(image["Id"]))

    def _bases(self, listed: Sequence[dict[str, Any]], needed: set[str], now: float) -> None:
        """Those of images that were replaced: they hold gigabytes that nothing will be built on any more."""
        for image in listed:
            for tag in _tags(image, BASES):
                recent = now - float(image.get("Created") or 0) < IN_USE_S
                if f"{BASES}:{tag}" in needed or recent:
                    continue
                with engine_errors("look at a base image"):
                    source = self.engine.image(tag) or {}
                if not (source.get("RepoTags") or source.get("RepoDigests")):
                    self._removed(f"{BASES}:{tag}")

    def _downloads(self, needed: set[str], now: float) -> None:
        """Kept packages of repositories that have no environment any more."""
        with engine_errors("list kept packages"):
            volumes = self.engine.api.volumes(filters=OURS).get("Volumes") or ()
        for volume in volumes:
            owner = str(volume["Name"]).removeprefix(DOWNLOADS)
            old = now - _seconds(volume.get("CreatedAt")) > IN_USE_S
            if str(volume["Name"]).startswith(DOWNLOADS) and owner not in needed and old:
                with suppress(docker.errors.APIError):  # a build uses it just now
                    self.engine.api.remove_volume(volume["Name"])

    def _removed(self, name: str) -> bool:
        """False when something still uses this image."""
        try:
            with suppress(docker.errors.ImageNotFound):
                self.engine.api.remove_image(name)
        except docker.errors.APIError:
            return False
        return True


def _tags(image: Mapping[str, Any], repository: str) -> tuple[str, ...]:
    found = (str(tag).rpartition(":") for tag in image.get("RepoTags") or ())
    return tuple(tag for name, _, tag in found if name == repository)


def _label(image: Mapping[str, Any], name: str) -> str:
    return str((image.get("Labels") or {}).get(f"{LABEL}.{name}", ""))


def _seconds(written: object) -> float:
    """Of the engine's "2026-01-02T03:04:05.123456789Z", since 1970; 0 (long ago) for what is no time."""
    try:
        return max(0.0, datetime.fromisoformat(re.sub(r"\.\d+", "", str(written))).timestamp())
    except (ValueError, OverflowError):
        return 0.0
