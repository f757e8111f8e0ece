"""What the Docker engine offers and what lies on it, as `fixbugs doctor` says it, and removing what is left of ours.
How things are found and removed is in `sandbox.docker.cleaning`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from bot.core.errors import FixbugsError, SandboxUnavailable
from bot.findings import Finding
from bot.settings import Settings
from bot.wiring_sandbox import context_unread, docker_settings

if TYPE_CHECKING:
    from sandbox.docker.engine import Engine

CLEAN = "`fixbugs doctor --clean` removes them"


def look_at_docker(settings: Settings) -> list[Finding]:
    """The first finding says whether sandboxes can run in containers; the others follow where there is an engine."""
    from sandbox.docker.engine import Engine  # noqa: PLC0415 (Docker's library takes a while to load)

    unread = context_unread(settings.sandbox)
    if unread:
        return [Finding("docker", False, unread, needed=False)]
    try:
        engine = Engine.connect(docker_settings(settings.sandbox))
    except SandboxUnavailable as exc:
        return [Finding("docker", False, str(exc), needed=False)]
    try:
        return list(_look(engine))
    except FixbugsError as exc:
        return [Finding("docker", False, str(exc), needed=False)]
    finally:
        engine.close()


def clean_up(settings: Settings, *, with_environments: bool) -> tuple[str, bool]:
    """Removes what no living process of ours owns; with `with_environments`, built environments and kept packages too.
    Returns a line for each thing, and whether all are gone. Raises SandboxUnavailable when there is no engine."""
    from sandbox.docker.cleaning import environments, orphans, remove  # noqa: PLC0415 (as above)
    from sandbox.docker.engine import Engine  # noqa: PLC0415 (as above)

    unread = context_unread(settings.sandbox)
    if unread:
        raise SandboxUnavailable(unread)
    engine = Engine.connect(docker_settings(settings.sandbox))
    try:
        found = orphans(engine, time.time())
        if with_environments:
            found += environments(engine)
        cleaned = remove(engine, found)
    finally:
        engine.close()
    lines = [f"removed {leftover}" for leftover in cleaned.removed]
    lines += [f"kept {leftover}: {why}" for leftover, why in cleaned.kept]
    return "\n".join(lines or ["Nothing of FixBugs is left behind on the Docker engine."]), not cleaned.kept


def _look(engine: Engine) -> Iterator[Finding]:
    from sandbox.docker.cleaning import environments, orphans  # noqa: PLC0415 (as above)
    from sandbox.docker.engine import engine_errors, missing_image  # noqa: PLC0415 (as above)

    images = engine.settings.images
    with engine_errors("look for images"):
        there = {kind: engine.image(name) is not None for kind, name in images.items()}
    if any(there.values()):
        yield Finding("docker", True, _about(engine), needed=False)
    else:
        yield Finding("docker", False, missing_image(next(iter(images.values()))), needed=False)
    lacking = [f"{kind} ({images[kind]})" for kind, found in there.items() if not found]
    text = ", ".join(f"{kind} ({images[kind]})" for kind, found in there.items() if found) or "none"
    if lacking:
        text += f"; missing: {', '.join(lacking)}: `make images` builds them"
    yield Finding("images", not lacking, text, needed=False)
    runtime = engine.settings.runtime
    with engine_errors("say which runtimes it knows"):
        if runtime and runtime not in engine.api.info().get("Runtimes", {}):
            text = f"the engine does not know {runtime!r}: add it to the engine's daemon.json, or unset "
            yield Finding("runtime", False, text + "FIXBUGS_DOCKER_RUNTIME", needed=False)
    built = environments(engine)
    size_bytes, most_bytes = sum(one.size_bytes for one in built), engine.settings.environments_bytes
    text = f"{size_bytes / (1 << 30):.1f} of {most_bytes / (1 << 30):.1f} GiB"
    yield Finding("environments", size_bytes <= most_bytes, text, needed=False)
    left = orphans(engine, time.time())
    if left:
        names = ", ".join(map(str, left[:5])) + (f" and {len(left) - 5} more" if len(left) > 5 else "")
        yield Finding("left behind", False, f"{names}: {CLEAN}", needed=False)


def _about(engine: Engine) -> str:
    """Version, storage, cgroup and runtime, as far as the engine tells."""
    known = engine.details
    parts = [
        f"Docker {engine.version} at {engine.settings.host or 'this machine'}",
        f"{engine.cpus} processors",
        f"storage {known.get('Driver') or 'unknown'}",
        f"cgroup v{known.get('CgroupVersion') or '1'}",
        f"runtime {engine.settings.runtime or known.get('DefaultRuntime') or 'unknown'}",
    ]
    return ", ".join(parts)
