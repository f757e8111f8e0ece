"""What is read from a Go repository's files, and from what a Go test binary prints, without running anything."""

from __future__ import annotations

import pytest

from bot.core.policy import Wishes
from bot.ports import AS_FOUND
from python_projects import tree_of
from sandbox.inside.translate.go_output import Describer, Reading
from sandbox.inside.translate.go_packages import names_in, sections
from sandbox.toolchains.go import GoToolchain

GO = GoToolchain()
MODULES = {
    "go.mod": "module example.com/top\n",
    "top_test.go": "package top\n\nfunc TestTop(t *testing.T) {}\n",
    "tools/go.mod": "module example.com/tools\n",
    "tools/run_test.go": "package tools\n\nfunc TestRun(t *testing.T) {}\n",
    "vendor/example.com/other/go.mod": "module example.com/other\n",
}


def root_of(files: dict[str, str], wishes: Wishes = AS_FOUND, paths: tuple[str, ...] = ()) -> str | None:
    found = GO.detect(tree_of(files), wishes, paths)
    return dict(found.settings)["root"] if found else None


def read(printed: str, *names: str, framed: bool = False) -> Reading:
    reading = Reading(names, framed, Describer("/tree", "calc").failures)
    for line in printed.encode().split(b"\n"):
        reading.take(line)
    reading.close()
    return reading


def test_the_module_is_the_one_at_the_top() -> None:
    assert root_of(MODULES) == "."


def test_the_module_is_the_one_that_the_report_speaks_of() -> None:
    assert root_of(MODULES, paths=("tools/run.go",)) == "tools"


def test_the_module_is_the_one_that_the_repository_names() -> None:
    assert root_of(MODULES, Wishes(folder="tools")) == "tools"


def test_a_vendored_module_is_not_the_repositorys() -> None:
    assert root_of({"vendor/example.com/other/go.mod": ""}) is None


def test_vendored_dependencies_are_used_and_not_downloaded() -> None:
    files = {"go.mod": "module example.com/top\n", "vendor/modules.txt": "# example.com/other v1.0.0\n"}
    detection = GO.detect(tree_of(files))
    assert detection is not None
    env = dict(GO.recipe(tree_of(files), detection).commands[0].env)
    assert (env["GOFLAGS"], env["FIXBUGS_VENDORED"]) == ("-modcacherw -mod=vendor", "yes")


def test_an_environment_depends_on_manifests_and_not_on_sources() -> None:
    def key(**changed: str) -> str:
        tree = tree_of(MODULES | {name.replace("_dot_", "."): text for name, text in changed.items()})
        detection = GO.detect(tree)
        assert detection is not None
        return GO.recipe(tree, detection).key

    assert key() == key(top_dot_go="package top\n") != key(go_dot_sum="example.com/other v1.0.0 h1:x\n")


def test_a_person_is_told_where_to_type_what() -> None:
    settings = (("root", "tools"),)
    assert GO.person_command(settings, ["tools/a/x_test.go::TestX"]) == "cd tools && go test ./a -run '^(TestX)$'"


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("calc/calc_test.go::TestAdd", ("calc/calc_test.go::TestAdd",)),
        ("./calc", ("calc/calc_test.go::TestAdd", "calc/calc_test.go::TestSub")),
        ("TestAdd", ("calc/calc_test.go::TestAdd",)),
        ("calc.TestAdd", ("calc/calc_test.go::TestAdd",)),
        ("TestAdd/one_case", ("calc/calc_test.go::TestAdd",)),
        ("TestMul", ()),
    ],
)
def test_a_test_is_found_as_people_write_it(target: str, found: tuple[str, ...]) -> None:
    ids = ("calc/calc_test.go::TestAdd", "calc/calc_test.go::TestSub", "money/money_test.go::TestSub")
    assert GO.select([target], ids, tree_of({"calc/calc_test.go": ""})).ids == found


def test_a_name_alone_is_looked_for_in_the_files_that_define_it() -> None:
    assert GO.files_for(tree_of(MODULES), ["TestRun"]) == ("tools/run_test.go",)
    assert GO.files_for(tree_of(MODULES), ["TestElsewhere"]) == ()


def test_only_what_go_runs_is_a_test() -> None:
    source = """\
func TestIt(t *testing.T) {}
func Testing(t *testing.T) {}
func TestMain(m *testing.M) {}
func TestHelper(t *testing.T, n int) {}
func (s *Suite) TestMethod(t *testing.T) {}
func FuzzIt(f *testing.F) {}
func ExampleIt() {
	// Output: 1
}
func ExampleSilent() {
}
func BenchmarkIt(b *testing.B) {}
"""
    assert names_in(source) == ["TestIt", "FuzzIt", "ExampleIt"]


def test_what_the_compiler_says_belongs_to_the_package_it_names() -> None:
    printed = "# x/a [x/a.test]\na_test.go:1:1: no\n# x/b\nb.go:2:2: neither\nFAIL\tx/a [build failed]\nok  \tx/c\t0.1s"
    assert sections(printed) == {"x/a": "a_test.go:1:1: no", "x/b": "b.go:2:2: neither"}


def test_a_verdict_is_read_though_something_stands_before_it() -> None:
    reading = read("=== RUN   TestA\nno line end--- PASS: TestA (0.25s)\nPASS", "TestA")
    verdict = reading.verdicts["TestA"]
    assert (verdict.outcome, verdict.duration_s, reading.last) == ("passed", 0.25, b"PASS")


def test_a_test_that_is_judged_twice_is_noted() -> None:
    reading = read("=== RUN   TestA\n--- PASS: TestA (0.00s)\n--- FAIL: TestA (0.00s)", "TestA")
    assert reading.twice == "TestA"


def test_a_verdict_before_the_test_ran_is_nobodys() -> None:
    assert read("--- PASS: TestA (0.00s)", "TestA").verdicts == {}


def test_where_go_frames_its_lines_a_tests_own_lines_do_not_count() -> None:
    printed = "\x16=== RUN   TestA\n--- PASS: TestA (0.00s)\n\x16--- FAIL: TestA (0.00s)\n\x16=== NAME  \n\x16FAIL"
    reading = read(printed, "TestA", framed=True)
    assert (reading.verdicts["TestA"].outcome, reading.twice, reading.last) == ("failed", "", b"FAIL")


def test_a_test_that_was_in_the_middle_is_known_when_the_output_ends() -> None:
    reading = read("=== RUN   TestA\n--- PASS: TestA (0.00s)\n=== RUN   TestB\npanic: no", "TestA", "TestB")
    assert reading.running == "TestB"


def test_a_message_of_several_lines_is_kept_whole() -> None:
    lines = ["    calc_test.go:7: first", "        second", "    --- FAIL: TestA/case"]
    (failure,) = Describer("/nowhere", "calc").failures(lines)
    assert (failure["message"], failure["frames"][0]["path"]) == ("first\nsecond", "calc/calc_test.go")


def test_a_panic_with_an_error_value_says_its_text() -> None:
    death = Describer("/nowhere", "").death(["panic: main.Broken{Code:3} [recovered]", "\tpanic: main.Broken{Code:3}"])
    assert death is not None
    assert (death["type"], death["message"]) == ("panic", "main.Broken{Code:3}")


@pytest.mark.parametrize(
    ("files", "module"),
    [
        ({"a.go": 'package a // import "example.com/old/a"\n'}, "example.com/old/a"),
        ({"sub/b.go": "package sub\n", "a.go": 'package a\n\nimport "example.com/old/a/sub"\n'}, "example.com/old/a"),
        ({"x_test.go": 'package a_test\n\nimport "example.com/old/a"\n'}, "example.com/old/a"),
        ({"a.go": "package a\n"}, "fixbugs.invalid/project"),
    ],
)
def test_a_repository_without_a_manifest_is_given_one(files: dict[str, str], module: str) -> None:
    tree = tree_of(files | {"a_test.go": "package a\n"})
    detection = GO.detect(tree)
    assert detection is not None
    assert GO.recipe(tree, detection).tree.text("go.mod") == f"module {module}\n"
    assert GO.read_report(b'{"go": "go1.19", "module": "%s"}' % module.encode()).generated == (
        ("go.mod", f"module {module}\n".encode()),
    )
