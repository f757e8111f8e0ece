"""Which JavaScript project of a tree is meant, how it is tested, and what its environment depends on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import pytest

from bot.core.errors import EnvironmentBroken
from bot.core.policy import Wishes
from bot.core.tree import Tree
from python_projects import tree_of
from sandbox.toolchains.base import Detection
from sandbox.toolchains.node import NodeToolchain
from sandbox.toolchains.node_install import without_secrets
from sandbox.toolchains.node_scripts import TestCommand, Unsupported, read_scripts


def manifest(test: str = "", **others: object) -> str:
    return json.dumps({"name": "shop", **({"scripts": {"test": test}} if test else {}), **others})


def detected(files: Mapping[str, str], *, folder: str = "", paths: Sequence[str] = ()) -> Detection | None:
    return NodeToolchain().detect(tree_of(files), Wishes(folder=folder), paths)


def runner_of(files: Mapping[str, str], *, folder: str = "", paths: Sequence[str] = ()) -> tuple[str, str]:
    """The runner and the folder that were chosen."""
    found = detected(files, folder=folder, paths=paths)
    assert found is not None
    return found.runner, dict(found.settings)["folder"]


@pytest.mark.parametrize(
    ("script", "meant"),
    [
        ("mocha", TestCommand("mocha")),
        ("nyc --reporter=text mocha --recursive", TestCommand("mocha", ("--recursive",))),
        ("eslint . && TZ=UTC mocha 'test/**/*.js'", TestCommand("mocha", ("test/**/*.js",), (("TZ", "UTC"),))),
        ("cross-env NODE_ENV=test jest --ci", TestCommand("jest", ("--ci",), (("NODE_ENV", "test"),))),
        (
            "node --experimental-vm-modules node_modules/jest/bin/jest.js",
            TestCommand("jest", (), (), ("--experimental-vm-modules",)),
        ),
        ("vitest run --config v.ts", TestCommand("vitest", ("--config", "v.ts"))),
        ("node --test", TestCommand("node:test")),
        (
            "node --import tsx --test --test-reporter spec 'test/*.ts'",
            TestCommand("node:test", ("test/*.ts",), (), ("--import", "tsx")),
        ),
        ("tsx --test", TestCommand("node:test", (), (), ("--import", "tsx"))),
        ("node test.js", TestCommand("node:test", ("test.js",))),
        ("ts-mocha -p tsconfig.json test/*.ts", TestCommand("mocha", ("--require", "ts-node/register", "test/*.ts"))),
        ("npx c8 --check-coverage --lines=90 mocha", TestCommand("mocha")),
        ("xo && ava", Unsupported("AVA")),
        ("uvu tests", Unsupported("uvu")),
        ("tsc --noEmit", None),
        ("echo 'Error: no test specified' && exit 1", None),
        ("mocha 'test", None),
        ("", None),
    ],
)
def test_a_test_script_says_which_runner_it_starts_and_how(script: str, meant: object) -> None:
    assert read_scripts({"test": script}) == meant


def test_scripts_that_a_script_runs_are_followed_and_never_in_circles() -> None:
    scripts = {"test": "run-s lint test:*", "test:all": "npm run unit", "unit": "yarn test && mocha", "lint": "eslint"}
    assert read_scripts(scripts) == TestCommand("mocha")


@pytest.mark.parametrize(
    ("files", "runner"),
    [
        ({"package.json": manifest(), "vitest.config.ts": ""}, "vitest"),
        ({"package.json": manifest(), ".mocharc.json": "{}"}, "mocha"),
        ({"package.json": manifest(devDependencies={"jest": "^30"})}, "jest"),
        ({"package.json": manifest(), "test/a.js": "import test from 'node:test';\n"}, "node:test"),
    ],
)
def test_without_a_script_settings_dependencies_and_tests_say_it(files: dict[str, str], runner: str) -> None:
    assert runner_of(files) == (runner, "")


def test_a_package_json_without_tests_is_nobodys() -> None:
    assert detected({"package.json": manifest(dependencies={"left-pad": "1"}), "a.js": ""}) is None


def test_a_runner_that_is_not_known_is_named_with_what_to_do() -> None:
    with pytest.raises(EnvironmentBroken, match=r"run by AVA, which FixBugs does not know.*fixbugs\.yml"):
        detected({"package.json": manifest("xo && ava"), "test.js": ""})


@pytest.mark.parametrize("text", ["{", "[]", '"x"', "[" * 100_000, '{"scripts": [], "workspaces": 3, "engines": "x"}'])
def test_a_package_json_that_cannot_be_read_is_no_project(text: str) -> None:
    assert detected({"package.json": text}) is None


MONOREPO = {
    "package.json": manifest(workspaces=["packages/*"], private=True),
    "packages/a/package.json": manifest("mocha"),
    "packages/a/src/a.js": "",
    "packages/b/package.json": manifest("vitest run"),
    "packages/b/src/b.ts": "",
}


@pytest.mark.parametrize(
    ("folder", "paths", "meant"),
    [
        ("", ["packages/b/src/b.ts"], ("vitest", "packages/b")),
        ("", ["packages/a/src/gone.js"], ("mocha", "packages/a")),
        ("packages/b", ["packages/a/src/a.js"], ("vitest", "packages/b")),
        ("", [], ("mocha", "packages/a")),
    ],
)
def test_the_wish_or_the_files_of_a_report_choose_the_package(
    folder: str, paths: list[str], meant: tuple[str, str]
) -> None:
    assert runner_of(MONOREPO, folder=folder, paths=paths) == meant


def test_another_languages_project_is_left_alone_unless_the_report_speaks_of_javascript() -> None:
    files = {"package.json": manifest("jest"), "pyproject.toml": "", "web/app.js": ""}
    assert detected(files) is None
    assert detected(files, paths=["shop/models.py"]) is None
    assert runner_of(files, paths=["web/app.js"]) == ("jest", "")


def plan_of(files: Mapping[str, str]) -> dict[str, object]:
    tree = tree_of(files)
    found = NodeToolchain().detect(tree)
    assert found is not None
    plan: dict[str, object] = json.loads(NodeToolchain().recipe(tree, found).commands[0].stdin)
    return plan


@pytest.mark.parametrize(
    ("files", "manager", "locked"),
    [
        ({}, "npm", False),
        ({"package-lock.json": "{}"}, "npm", True),
        ({"pnpm-lock.yaml": ""}, "pnpm", True),
        ({"yarn.lock": "# yarn lockfile v1\n"}, "yarn-classic", True),
        ({"yarn.lock": "__metadata:\n  version: 8\n"}, "yarn-berry", True),
    ],
)
def test_the_lock_file_chooses_the_package_manager(files: dict[str, str], manager: str, locked: bool) -> None:
    plan = plan_of({"package.json": manifest("mocha", devDependencies={"mocha": "11"}), **files})
    assert (plan["manager"], plan["locked"]) == (manager, locked)


def test_the_version_that_package_json_names_is_used() -> None:
    text = manifest("mocha", devDependencies={"mocha": "11"}, packageManager="pnpm@9.1.0+sha512.ab")
    plan = plan_of({"package.json": text, "pnpm-lock.yaml": ""})
    assert (plan["package"], plan["majors"]) == ("pnpm@9.1.0", ["9"])


def test_a_project_without_dependencies_installs_nothing() -> None:
    assert plan_of({"package.json": manifest("node --test"), "a.test.js": ""})["manager"] == ""


def key_of(tree: Tree) -> str:
    found = NodeToolchain().detect(tree)
    assert found is not None
    return NodeToolchain().recipe(tree, found).key


def test_only_what_an_installation_reads_decides_the_environments_key() -> None:
    files = {"package.json": manifest("mocha", devDependencies={"mocha": "11"}), "a.js": "1", "patches/x.patch": "1"}
    key = key_of(tree_of(files))
    assert key_of(tree_of({**files, "a.js": "2", "test/new.js": "1", "README.md": ""})) == key
    assert key_of(tree_of({**files, "package-lock.json": "{}"})) != key
    assert key_of(tree_of({**files, "patches/x.patch": "2"})) != key


def test_sources_stay_out_of_the_build_and_packages_in_the_tree_go_in() -> None:
    text = manifest("mocha", devDependencies={"mocha": "11", "own": "file:./vendor/own"})
    tree = tree_of({"package.json": text, "a.js": "", "vendor/own/index.js": "", "vendor/own/package.json": "{}"})
    found = NodeToolchain().detect(tree)
    assert found is not None
    built_from = set(NodeToolchain().recipe(tree, found).tree)
    assert "a.js" not in built_from
    assert {"package.json", "vendor/own/index.js", "vendor/own/package.json"} <= built_from


def test_credentials_of_an_npmrc_do_not_go_into_the_build() -> None:
    npmrc = b"registry=https://r.example/\n//r.example/:_authToken=${NPM_TOKEN}\n_password=abc\nlegacy-peer-deps=true\n"
    assert without_secrets(npmrc) == b"registry=https://r.example/\nlegacy-peer-deps=true\n"
