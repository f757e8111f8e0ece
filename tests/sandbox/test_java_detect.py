"""How Java projects are found out about, and which language of several is meant: pure functions on small trees."""

from __future__ import annotations

import pytest

from bot.core.errors import EnvironmentBroken
from bot.core.policy import Wishes
from python_projects import tree_of
from sandbox.inside.translate.java_sources import JUNIT_4, Source, classes
from sandbox.inside.translate.java_tools import Chosen, Counts, Gradle, Maven, filters, selected
from sandbox.toolchains import TOOLCHAINS
from sandbox.toolchains.base import Detection
from sandbox.toolchains.java import JavaToolchain
from sandbox.toolchains.junit_ids import select
from sandbox.toolchains.meant import in_order
from sandbox.toolchains.unsupported import nothing_to_test

JUNIT = "<dependency><groupId>org.junit.jupiter</groupId></dependency>"
FIVE = "package shop;\nimport org.junit.jupiter.api.Test;\nclass CartTest { @Test void adds() {} }\n"
FOUR = FIVE.replace("org.junit.jupiter.api.Test", "org.junit.Test")
HOME = "src/test/java/shop/CartTest.java"
SHOP = {"pom.xml": f"<project>{JUNIT}</project>", "src/main/java/shop/Cart.java": "class Cart {}", HOME: FIVE}
MODULES = {
    "pom.xml": "<modules><module>core</module><module>apps/web</module><!--<module>old</module>--></modules>",
    "core/pom.xml": "<project/>",
    f"core/{HOME}": FIVE,
    "apps/web/pom.xml": "<project/>",
    f"apps/web/{HOME}": FOUR,
    "old/pom.xml": "<project/>",
    f"old/{HOME}": FIVE,
}
GRADLE = {
    "settings.gradle": "include 'core'",
    "core/build.gradle.kts": "useJUnitPlatform()",
    f"core/{HOME}": FIVE,
    "gradlew": "",
}


def detected(files: dict[str, str], folder: str = "", *paths: str) -> Detection:
    found = JavaToolchain().detect(tree_of(files), Wishes(folder=folder), paths)
    assert found is not None
    return found


def settings(files: dict[str, str], folder: str = "", *paths: str) -> dict[str, str]:
    return dict(detected(files, folder, *paths).settings)


@pytest.mark.parametrize(
    ("files", "tool", "style"),
    [
        (SHOP, "maven", "org.junit.jupiter"),
        ({**SHOP, HOME: FOUR}, "maven", "org.junit"),
        ({**SHOP, HOME: FIVE.replace("org.junit.jupiter.api", "org.testng.annotations")}, "maven", "org.testng"),
        ({"build.gradle": "junit", HOME: FOUR}, "gradle", "org.junit"),
        ({"build.gradle": "test { useJUnitPlatform() }", "src/main/java/A.java": ""}, "gradle", "org.junit.jupiter"),
        ({"pom.xml": "<a>junit</a>", "src/main/java/A.java": ""}, "maven", "org.junit"),
    ],
)
def test_tool_and_kind_of_tests_are_found_out(files: dict[str, str], tool: str, style: str) -> None:
    found = settings(files)
    assert (found["tool"], found["style"]) == (tool, style)


def test_the_module_that_the_report_speaks_of_is_built_from_the_outermost_build() -> None:
    found = settings(MODULES, "", "apps/web/src/main/java/shop/Cart.java")
    assert (found["root"], found["module"], found["style"]) == ("", "apps/web", "org.junit")


def test_without_a_hint_all_modules_are_meant() -> None:
    assert (settings(MODULES)["root"], settings(MODULES)["module"]) == ("", "")


def test_a_module_that_no_build_names_is_a_build_of_its_own() -> None:
    found = settings(MODULES, "old")
    assert (found["root"], found["module"]) == ("old", "")


def test_a_gradle_project_is_built_from_where_its_settings_are() -> None:
    found = settings(GRADLE)
    assert (found["tool"], found["root"], found["module"], found["wrapper"]) == ("gradle", "", "core", "yes")


def test_a_folder_that_is_not_there_is_named() -> None:
    with pytest.raises(EnvironmentBroken, match="nowhere"):
        detected(SHOP, "nowhere")


def test_java_without_any_tests_says_what_was_looked_for() -> None:
    with pytest.raises(EnvironmentBroken, match=r"no file like src/test/java/….*name the command as `test:`"):
        detected({"pom.xml": "<project/>", "src/main/java/A.java": "class A {}"})


def test_tests_in_other_languages_are_named() -> None:
    assert detected({**SHOP, "src/test/kotlin/A.kt": ""}).notes == (
        "Tests in Kotlin are not found or run here, only those in Java.",
    )


def test_the_environment_depends_on_manifests_and_not_on_sources() -> None:
    def key(files: dict[str, str]) -> str:
        return JavaToolchain().recipe(tree_of(files), detected(files)).key

    assert key(SHOP) == key({**SHOP, "src/main/java/shop/Cart.java": "class Cart { int a; }"})
    assert key(SHOP) != key({**SHOP, "pom.xml": SHOP["pom.xml"] + "<!-- -->"})
    assert key(SHOP) != key({**SHOP, ".mvn/maven.config": "-X"})


@pytest.mark.parametrize(
    ("files", "ids", "command"),
    [
        (SHOP, [f"{HOME}::adds"], "mvn test '-Dtest=CartTest#adds'"),
        (SHOP, [f"{HOME}::each(int)[1]", f"{HOME}::each(int)[2]"], "mvn test '-Dtest=CartTest#each'"),
        (SHOP, [f"{HOME}::Inner::deep"], "mvn test '-Dtest=CartTest$Inner#deep'"),
        (SHOP, [f"{HOME}::t{n}" for n in range(9)], "mvn test -Dtest=CartTest"),
        (SHOP, [], "mvn test"),
        (GRADLE, [f"core/{HOME}::adds"], "./gradlew :core:test --tests CartTest.adds"),
        (
            {f"sub/{path}": text for path, text in SHOP.items()} | {"sub/mvnw": ""},
            [f"sub/{HOME}::adds"],
            "cd sub && ./mvnw test '-Dtest=CartTest#adds'",
        ),
    ],
)
def test_people_are_told_what_to_type(files: dict[str, str], ids: list[str], command: str) -> None:
    assert JavaToolchain().person_command(detected(files).settings, ids) == command


@pytest.mark.parametrize(
    ("target", "files"),
    [
        (f"{HOME}::adds", (HOME,)),
        ("shop.CartTest#adds", (HOME,)),
        ("CartTest.adds", (HOME,)),
        ("adds(shop.CartTest)", (HOME,)),
        ("CartTest", (HOME,)),
        ("adds", ()),
    ],
)
def test_the_file_of_a_target_is_found_where_its_name_tells(target: str, files: tuple[str, ...]) -> None:
    assert JavaToolchain().files_for(tree_of(SHOP), [target]) == files


IDS = (
    f"{HOME}::adds",
    f"{HOME}::each(int)[1]",
    f"{HOME}::each(int)[2]",
    f"{HOME}::Inner::deep",
    "x/FooTest.java::adds",
)


@pytest.mark.parametrize(
    ("target", "meant"),
    [
        (IDS[0], IDS[:1]),
        (HOME, IDS[:4]),
        ("src", IDS[:4]),
        ("shop.CartTest", IDS[:4]),
        ("CartTest#adds", IDS[:1]),
        ("adds(shop.CartTest)", IDS[:1]),
        ("CartTest > each(int)", IDS[1:3]),
        ("each(int)[2]", IDS[2:3]),
        ("shop.CartTest$Inner.deep", IDS[3:4]),
        ("deep()", IDS[3:4]),
    ],
)
def test_targets_stand_for_tests_as_runners_name_them(target: str, meant: tuple[str, ...]) -> None:
    found = select([target], IDS, tree_of({HOME: "", "x/FooTest.java": ""}))
    assert (found.ids, found.unknown) == (meant, ())


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("adds", f"2 files have such a test ({HOME}, x/FooTest.java): name one as path::test"),
        ("CartTest#add", f"there is no test of this name; closest: {IDS[0]}"),
        ("", "it is empty"),
    ],
)
def test_a_target_that_stands_for_nothing_says_why(target: str, why: str) -> None:
    ((_, said),) = select([target], IDS, tree_of({HOME: ""})).unknown
    assert said.startswith(why.partition(";")[0])


# ------------------------------------------------------------ command lines

REQUEST = {
    "tree": "/t", "root": "", "environment": "/env", "scratch": "/s", "repository": "m2", "wall_s": 60.0,
    "test_limit_s": 5.0, "ids": None,
}  # fmt: skip
CHOSEN = (Chosen("core", "shop.CartTest", ("adds", "each")), Chosen("core", "shop.BoxTest", (), nested=True))


def test_maven_runs_offline_and_only_what_is_chosen() -> None:
    argv = Maven(REQUEST).argv(["core"], CHOSEN, go_on=False)
    assert {"-o", "-Dmaven.repo.local=/env/m2", "-am", "-Dmaven.test.failure.ignore=false"} <= set(argv)
    assert argv[argv.index("-pl") + 1] == "core"
    assert "-Dtest=shop/CartTest#adds*+each*,shop/BoxTest,shop/BoxTest$*" in argv


def test_gradle_runs_offline_and_only_what_is_chosen() -> None:
    argv = Gradle(REQUEST).argv(["core"], CHOSEN, go_on=False)
    assert argv[1:5] == ["--offline", "--no-daemon", "--console=plain", "--no-build-cache"]
    assert argv[5:] == [
        ":core:cleanTest", ":core:test", "--tests", "shop.CartTest*.adds*", "--tests", "shop.CartTest*.each*",
        "--tests", "shop.BoxTest", "--tests", "shop.BoxTest$*",
    ]  # fmt: skip


def test_too_many_tests_for_a_command_line_are_chosen_by_class_or_not_at_all() -> None:
    many = [Chosen("", f"shop.C{n}Test", tuple(f"m{n}{k}" for k in range(40))) for n in range(2000)]
    assert selected(many)[0] == "shop/C0Test"
    assert filters(many)[0] == "shop.C0Test"
    assert selected(many * 3) == filters(many * 3) == []


def test_whole_classes_run_where_a_name_is_no_methods() -> None:
    source = Source(HOME, "", "shop", JUNIT_4)
    assert classes([source], [f"{HOME}::adds"])[0].methods == ("adds",)
    assert classes([source], [f"{HOME}::it adds"])[0].methods == ("it",)
    assert classes([source], [f"{HOME}::1 plus 1"])[0].methods == ()


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        (b"[ERROR] Tests run: 10, Failures: 2, Errors: 1, Skipped: 3", Counts(10, 3, 3)),
        (b"[\x1b[1;31mERROR\x1b[m] Tests run: 1, Failures: 1, Errors: 0, Skipped: 0", Counts(1, 1, 0)),
        (b"[ERROR] Tests run: 7, Failures: 1, Errors: 1, Skipped: 1, Time elapsed: 0.1 s - in shop.CartTest", None),
    ],
)
def test_mavens_own_counts_are_read(line: bytes, counts: Counts | None) -> None:
    assert Maven(REQUEST).counts(line) == counts


def test_gradles_own_counts_and_compile_errors_are_read() -> None:
    gradle = Gradle(REQUEST)
    assert gradle.counts(b"5 tests completed, 2 failed, 1 skipped") == Counts(5, 2, 1)
    assert gradle.counts(b"1 test completed, 1 failed") == Counts(1, 1, 0)
    printed = "> Task :compileJava FAILED\n/t/src/main/java/A.java:3: error: cannot find symbol\n  x\n"
    assert gradle.compile_errors(printed) == [("/t/src/main/java/A.java", 3, "cannot find symbol")]


# ------------------------------------------------------ several languages


@pytest.mark.parametrize(
    ("files", "paths", "first"),
    [
        ({**SHOP, "tools/make.py": ""}, (), "java"),
        ({"calc.py": "", "tests/test_calc.py": "", "docs/Main.java": "", "docs/pom.xml": ""}, (), "python"),
        ({**SHOP, "tests/test_a.py": "", "tests/test_b.py": ""}, (), "python"),
        ({**SHOP, "tests/test_a.py": "", "tests/test_b.py": ""}, ("src/main/java/shop/Cart.java",), "java"),
        ({"main.go": "", "main_test.go": "", "scripts/a.py": "", "scripts/b.py": ""}, (), "go"),
    ],
)
def test_the_language_with_the_files_that_are_meant_or_the_most_tests_comes_first(
    files: dict[str, str], paths: tuple[str, ...], first: str
) -> None:
    order = [toolchain.name for toolchain in in_order(TOOLCHAINS, tree_of(files), paths)]
    assert order[:2] == ["custom", first]


def test_what_cannot_be_tested_is_told_with_what_was_looked_for_and_what_to_write() -> None:
    said = nothing_to_test(tree_of({"a.rb": "", "b.rb": "", "c.sh": ""}), Wishes(folder="x"), ["python", "java"])
    assert said == (
        "There is nothing here that can be tested in x (`folder:` of .github/fixbugs.yml). Looked for: Python (.py "
        "files); Java (pom.xml, build.gradle). Most of its files are Ruby. If it has tests, write in "
        ".github/fixbugs.yml how they run: `test:` (a command), `report:` (where it writes its JUnit XML) and, if "
        "needed, `setup:`, `image:` and `folder:`."
    )
