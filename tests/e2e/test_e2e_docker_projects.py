"""The command with Docker on small projects in several languages: built, tested, and a failing test told from one that
passes, all of it in containers that are gone afterwards."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from command_line import FIXED_PRICING, ISSUE, SHOP, commit, git
from docker_stories import InContainers, left_of
from sandbox.docker.engine import Engine

NODE = {
    "package.json": json.dumps({"name": "rates", "version": "1.0.0", "scripts": {"test": "node --test"}}),
    "rates.js": "exports.isLarge = function (total) {\n  return total > 100;\n};\n",
    "test/rates.test.js": """\
const { test } = require('node:test');
const assert = require('node:assert');
const { isLarge } = require('../rates.js');

test('a hundred counts as large', () => {
  assert.strictEqual(isLarge(100), true);
});

test('just below does not', () => {
  assert.strictEqual(isLarge(99.5), false);
});
""",
}
GO = {
    "go.mod": "module example.org/rates\n\ngo 1.19\n",
    "rates.go": "package rates\n\nfunc IsLarge(total int) bool {\n\treturn total > 100\n}\n",
    "rates_test.go": """\
package rates

import "testing"

func TestAHundredCountsAsLarge(t *testing.T) {
	if !IsLarge(100) {
		t.Errorf("IsLarge(100) = %v, want %v", false, true)
	}
}

func TestJustBelowDoesNot(t *testing.T) {
	if IsLarge(99) {
		t.Errorf("IsLarge(99) = %v, want %v", true, false)
	}
}
""",
}


@dataclass(frozen=True)
class Project:
    files: dict[str, str]
    red: str  # the test that fails; another one passes
    runner: str


PROJECTS = {
    "node": Project(NODE, "test/rates.test.js::a hundred counts as large", "node:test"),
    "go": Project(GO, "rates_test.go::TestAHundredCountsAsLarge", "go test"),
}


@pytest.fixture
def fixbugs(docker_engine: Engine, cache_dir: Path, tmp_path: Path) -> InContainers:
    return InContainers(cache_dir, tmp_path / "out")


def test_a_report_becomes_a_fix_that_containers_proved(
    fixbugs: InContainers, docker_engine: Engine, tmp_path: Path
) -> None:
    commit(tmp_path / "shop", SHOP)

    ran = fixbugs.run(tmp_path / "shop", stdin=ISSUE.encode())

    assert (ran.code, ran.verdict, ran.err) == (0, "fixed", "")
    assert ran.report["isolation"]["level"] == "container"
    assert "All code of the project ran in a container" in " ".join(ran.out.split())
    git(tmp_path / "shop", "apply", str(ran.out_dir / "test.patch"), str(ran.out_dir / "fix.patch"))
    assert (tmp_path / "shop/pricing.py").read_text() == FIXED_PRICING
    assert left_of(docker_engine, ran.pid) == []


@pytest.mark.parametrize("language", PROJECTS)
def test_a_failing_test_is_told_from_one_that_passes(
    fixbugs: InContainers, docker_engine: Engine, tmp_path: Path, language: str
) -> None:
    project = PROJECTS[language]
    commit(tmp_path / "rates", project.files)

    ran = fixbugs.run(tmp_path / "rates", "--failing-test", project.red, "--goal", "reproduce")

    assert (ran.code, ran.verdict, ran.err) == (0, "reproduced", "")
    environment = ran.report["environment"]
    assert (environment["runner"], environment["tests_collected"]) == (project.runner, 2)
    counted = next(stage["counters"] for stage in ran.report["stages"] if stage["name"] == "environment")
    assert counted["baseline_red"] == 1, "the other one passes"
    assert ran.report["reproduction"]["failing_ids"] == [project.red]
    assert ran.report["isolation"]["level"] == "container"
    assert left_of(docker_engine, ran.pid) == []
