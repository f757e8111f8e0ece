"""What is read from a Rust repository's files, and from what a Rust test binary prints, without running anything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.core.policy import Wishes
from bot.ports import AS_FOUND
from python_projects import tree_of
from sandbox.inside.translate.rust_output import Describer, Reading
from sandbox.inside.translate.rust_targets import file_of, holding, parse_metadata, without_harness
from sandbox.toolchains.rust import RustToolchain

RUST = RustToolchain()
WORKSPACE = {
    "Cargo.toml": '[workspace]\nmembers = ["shop", "tools"]\n',
    "shop/Cargo.toml": '[package]\nname = "shop"\n',
    "shop/src/lib.rs": "",
    "tools/Cargo.toml": '[package]\nname = "tools"\n',
    "alone/Cargo.toml": '[package]\nname = "alone"\n\n[workspace]\n',
}
PASSED = """\
running 3 tests
test a ... FAILED
test b ... noisyok
test c ... FAILED

failures:

---- a stdout ----
thread 'a' (7) panicked at src/lib.rs:3:9:
assertion `left == right` failed
  left: 1
 right: 2
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace

failures:
    a
    c

test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
"""


def root_of(wishes: Wishes = AS_FOUND, paths: tuple[str, ...] = ()) -> str:
    found = RUST.detect(tree_of(WORKSPACE), wishes, paths)
    assert found is not None
    return dict(found.settings)["root"]


def read(printed: str) -> Reading:
    reading = Reading(("a", "b", "c"))
    for line in printed.encode().split(b"\n"):
        reading.take(line)
    return reading


def test_a_package_of_a_workspace_is_built_with_the_workspace() -> None:
    assert root_of(paths=("shop/src/lib.rs",)) == "."


def test_a_workspace_of_its_own_is_built_alone() -> None:
    assert root_of(Wishes(folder="alone")) == "alone"


def test_an_environment_depends_on_manifests_and_not_on_sources() -> None:
    def key(changed: dict[str, str]) -> str:
        tree = tree_of(WORKSPACE | changed)
        detection = RUST.detect(tree)
        assert detection is not None
        return RUST.recipe(tree, detection).key

    assert key({}) == key({"shop/src/lib.rs": "fn f() {}"}) != key({"Cargo.lock": "version = 3\n"})


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("shop/src/lib.rs::tests::adds", ("shop/src/lib.rs::tests::adds",)),
        ("tests::adds", ("shop/src/lib.rs::tests::adds",)),
        ("adds", ("shop/src/lib.rs::tests::adds",)),
        ("shop/src", ("shop/src/lib.rs::tests::adds", "shop/src/lib.rs::tests::zero")),
        ("zero", ()),
    ],
)
def test_a_test_is_found_as_people_write_it(target: str, found: tuple[str, ...]) -> None:
    ids = ("shop/src/lib.rs::tests::adds", "shop/src/lib.rs::tests::zero", "tools/src/lib.rs::zero")
    assert RUST.select([target], ids, tree_of(WORKSPACE)).ids == found


def test_a_person_is_told_what_to_type() -> None:
    assert RUST.person_command((("root", "."),), ["src/a.rs::a::x"]) == "cargo test -- --exact a::x"


def test_a_harness_of_a_projects_own_is_left_alone() -> None:
    manifest = '[package]\nname = "a"\n\n[[test]]\nname = "own"\nharness = false\n\n[[test]]\nname = "usual"\n'
    assert without_harness(manifest) == {"own"}


def test_a_test_lies_in_the_file_of_its_module(tmp_path: Path) -> None:
    for path in ("src/lib.rs", "src/money.rs", "src/money/coins.rs", "src/stock/mod.rs"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    names = ("tests::x", "money::tests::x", "money::coins::x", "stock::x")
    assert [file_of(str(tmp_path), "src/lib.rs", name) for name in names] == [
        "src/lib.rs",
        "src/money.rs",
        "src/money/coins.rs",
        "src/stock/mod.rs",
    ]


def test_only_what_may_hold_a_file_is_built(tmp_path: Path) -> None:
    targets = [("lib", "src/lib.rs"), ("test", "tests/one.rs"), ("test", "tests/two.rs")]
    raw = {
        "id": "a",
        "name": "a",
        "version": "1.0.0",
        "manifest_path": f"{tmp_path}/Cargo.toml",
        "targets": [{"kind": [kind], "name": path, "src_path": f"{tmp_path}/{path}"} for kind, path in targets],
    }
    packages = parse_metadata(json.dumps({"packages": [raw]}), str(tmp_path))
    (package,) = holding(packages, ["tests/two.rs"])
    assert [target.source for target in package.targets] == ["tests/two.rs"]


def test_what_failed_is_read_from_the_list_at_the_end() -> None:
    reading = read(PASSED)
    verdicts = reading.verdicts(0.0, Describer("/nowhere", ()))
    assert reading.fits()
    assert {name: verdict.outcome for name, verdict in verdicts.items()} == {
        "a": "failed",
        "b": "passed",
        "c": "failed",
    }
    assert verdicts["a"].failures[0]["message"] == "assertion `left == right` failed\n  left: 1\n right: 2"


@pytest.mark.parametrize(
    "bent",
    [
        PASSED.replace("1 passed; 2 failed", "2 passed; 1 failed"),
        PASSED.replace("    c\n", ""),
        PASSED.replace("test b ... noisyok\n", ""),
        PASSED + "test result: FAILED. 1 passed; 2 failed; 0 ignored;\n",
        PASSED + "and more\n",
    ],
)
def test_a_list_that_does_not_fit_the_summary_is_not_believed(bent: str) -> None:
    assert not read(bent).fits()


def test_an_error_that_a_test_returns_is_its_failure() -> None:
    described = Describer("/nowhere", ()).failure('Error: "out of stock"')
    assert (described["type"], described["message"]) == ("Error", '"out of stock"')
