"""One JavaScript repository with a package per test runner, for tests that run the real ones. No assertions here.

All packages share one environment: installing it is what takes time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.core.artifacts import Environment
from bot.core.policy import Wishes
from bot.core.testing import TestRun
from bot.core.tree import Tree
from python_projects import tree_of, waited
from sandbox.docker.sandboxes import DockerSandboxes
from sandbox.toolchains.node import NodeToolchain
from sandbox.workbench import SandboxWorkbench

RUNNERS = ("node", "mocha", "jest", "vitest")
SCRIPTS = {"node": "node --test", "mocha": "mocha", "jest": "jest", "vitest": "vitest run"}
VERSIONS = {"jest": "30.2.0", "mocha": "11.7.5", "vitest": "3.2.4"}
TEST_FILE = {name: f"packages/{name}/test/calc.test.{'ts' if name == 'vitest' else 'js'}" for name in RUNNERS}
SOURCE = {name: f"packages/{name}/calc.{'ts' if name == 'vitest' else 'js'}" for name in RUNNERS}
HEAD = {
    "node": "const { test, describe, it } = require('node:test');\nconst assert = require('node:assert');\n",
    "mocha": "const assert = require('node:assert');\nconst test = it;\n",
    "jest": "const assert = require('node:assert');\n",
    "vitest": "import { test, describe, it } from 'vitest';\nimport assert from 'node:assert';\n",
}


def manifests() -> dict[str, str]:
    root = {"name": "lab", "private": True, "workspaces": ["packages/*"], "devDependencies": VERSIONS}
    packages = {
        f"packages/{name}/package.json": json.dumps(
            {"name": f"lab-{name}", "version": "1.0.0", "private": True, "scripts": {"test": SCRIPTS[name]}}
        )
        for name in RUNNERS
    }
    return {"package.json": json.dumps(root), **packages}


def calc(runner: str, body: str, before: str = "") -> dict[str, str]:
    """A module whose `add` has this body; what stands `before` it runs when it is loaded."""
    export = "export function add(a: any, b: any)" if runner == "vitest" else "exports.add = function (a, b)"
    return {SOURCE[runner]: f"{export} {{\n  {body}\n}}\n{before}\n"}


def suite(runner: str, text: str) -> dict[str, str]:
    """A file of tests that has `add`, `assert`, `test`, `describe` and `it`."""
    load = "import { add } from '../calc';\n" if runner == "vitest" else "const { add } = require('../calc.js');\n"
    return {TEST_FILE[runner]: HEAD[runner] + load + text}


def repository(*parts: Mapping[str, str]) -> Tree:
    return tree_of({**manifests(), **{path: text for part in parts for path, text in part.items()}})


class NodeLab:
    """The repository on a sandbox."""

    def __init__(self, sandboxes: DockerSandboxes, *, test_limit_s: float = 20.0) -> None:
        self.workbench = SandboxWorkbench(sandboxes, (NodeToolchain(),), test_limit_s=test_limit_s)
        self._prepared: Environment | None = None

    def environment(self, runner: str, tree: Tree) -> Environment:
        """Prepared once, for the first runner asked for: the others have the same environment."""
        detection = NodeToolchain().detect(tree, Wishes(folder=f"packages/{runner}"))
        assert detection is not None, "these files are no JavaScript project"
        if self._prepared is None:
            self._prepared = waited(self.workbench.prepare(tree, wishes=Wishes(folder=f"packages/{runner}")))
        settings = {**dict(self._prepared.settings), **dict(detection.settings), "runner": detection.runner}
        return replace(self._prepared, runner=detection.runner, settings=tuple(settings.items()))

    def run(self, runner: str, tree: Tree, names: Sequence[str], *, coverage: bool = False) -> TestRun:
        """A run of the tests with these names in the runner's test file."""
        ids = [f"{TEST_FILE[runner]}::{name}" for name in names]
        environment = self.environment(runner, tree)
        return waited(self.workbench.run_tests(environment, tree, ids, wall_s=100.0, coverage=coverage))
