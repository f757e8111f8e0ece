"""What a Go repository without a go.mod would call its module. Pure; older repositories have none, and need one only to
find their own packages.
"""

from __future__ import annotations

import re
from collections import Counter
from posixpath import dirname

from bot.core.tree import Tree
from sandbox.toolchains.compiled_folder import NEVER

UNNAMED = "fixbugs.invalid/project"
STATED = re.compile(r'^package \w+ // import "([^"]+)"', re.M)
IMPORTED = re.compile(r'^\s*(?:import\s+)?(?:[\w.]+\s+)?"([\w.-]+\.[a-z]+/[^"]+)"', re.M)
OUTSIDE = re.compile(r"^package (\w+)_test\b", re.M)
SCAN_FILES = 400


def module_name(tree: Tree) -> str:
    """ "" where there is nothing to test. What the sources state, else what fits the folders that they import."""
    sources = sorted(path for path in tree if path.endswith(".go") and not NEVER.search(path))[:SCAN_FILES]
    if not any(path.endswith("_test.go") for path in sources):
        return ""
    folders = {dirname(path) for path in sources} - {""}
    votes: Counter[str] = Counter()
    for path in sources:
        text = tree.text(path) or ""
        stated = STATED.search(text)
        folder = dirname(path)
        if stated is not None and f"/{stated.group(1)}".endswith(f"/{folder}" if folder else ""):
            return stated.group(1).removesuffix(f"/{folder}") if folder else stated.group(1)
        outside = OUTSIDE.search(text)
        for imported in IMPORTED.findall(text):
            if outside is not None and not folder and imported.endswith(f"/{outside.group(1)}"):
                votes[imported] += 1  # tests from outside import what they test
            for inside in folders:
                if imported.endswith(f"/{inside}"):
                    votes[imported.removesuffix(f"/{inside}")] += 1
    return votes.most_common(1)[0][0] if votes else UNNAMED


def manifest(name: str) -> bytes:
    return f"module {name}\n".encode()
