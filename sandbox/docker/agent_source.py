"""The agent's own code as it travels into a container, where nothing of ours lies. What it does is not said here."""

from __future__ import annotations

import json
import struct
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "agent"
MODULES = ("__init__", "frames", "limits", "processes", "files", "commands", "__main__")  # each needs earlier ones only

# Run by `python3 -c`: reads the modules from its input, then is the agent. A standard library of 3.8 suffices.
BOOT = """\
import json, os, struct, sys, types
def take(n):
    parts = b""
    while len(parts) < n:
        part = os.read(0, n - len(parts))
        if not part:
            sys.exit(0)
        parts += part
    return parts
for name, source in json.loads(take(struct.unpack(">I", take(4))[0])):
    module = types.ModuleType(name)
    sys.modules[name] = module
    exec(compile(source, name, "exec"), module.__dict__)
sys.exit(module.main())
"""


@cache
def agent_source() -> bytes:
    """What BOOT reads: a length (four bytes, big-endian) and as much JSON, a list of [module's name, source]."""
    modules = [["sandbox", ""]]
    for name in MODULES:
        full = "sandbox.agent" if name == "__init__" else f"sandbox.agent.{name}"
        modules.append([full, (FOLDER / f"{name}.py").read_text(encoding="utf-8")])
    text = json.dumps(modules).encode()
    return struct.pack(">I", len(text)) + text
