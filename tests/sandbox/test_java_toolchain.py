"""Real Maven in real containers: a small project without dependencies but JUnit, and code that means harm.

Every run of Maven takes seconds, so each is asked several things.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bot.core.artifacts import Environment
from bot.core.testing import Basis, Outcome, TestRun
from docker_at_hand import docker_engine, docker_sandboxes
from python_projects import tree_of, waited
from sandbox.docker.sandboxes import DockerSandboxes
from sandbox.toolchains.java import JavaToolchain
from sandbox.workbench import SandboxWorkbench

__all__ = ["docker_engine", "docker_sandboxes"]

POM = """\
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>shop</groupId><artifactId>shop</artifactId><version>1</version>
  <properties>
    <maven.compiler.source>17</maven.compiler.source><maven.compiler.target>17</maven.compiler.target>
    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
  </properties>
  <dependencies>
    <dependency>
      <groupId>org.junit.jupiter</groupId><artifactId>junit-jupiter</artifactId><version>5.9.2</version>
      <scope>test</scope>
    </dependency>
  </dependencies>
</project>
"""
CART = "package shop;\npublic class Cart {\n    public static int total(int a, int b) { return a - b; }\n}\n"
TEST = """\
package shop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CartTest {
    @Test void adds() { assertEquals(3, Cart.total(1, 2)); }
    @Test void zero() { assertEquals(1, Cart.total(1, 0)); }
    @Test void raises() { Integer.parseInt("x"); }
    @Disabled @Test void later() { }
    @ParameterizedTest @ValueSource(ints = {1, 2}) void each(int x) { assertEquals(x, Cart.total(x, 0)); }
    @Nested class Inner { @Test void deep() { assertEquals(1, Cart.total(1, 0)); } }
}
"""
HOME = "src/test/java/shop/CartTest.java"
SHOP = {"pom.xml": POM, "src/main/java/shop/Cart.java": CART, HOME: TEST}
ADDS, ZERO, DEEP = (f"{HOME}::{name}" for name in ("adds", "zero", "Inner::deep"))

# Writes a report that says that all is well, as soon as it is loaded and when the JVM ends, and ends it with 0.
HARMFUL = """\
package shop;
import java.nio.file.*;
public class Cart {
    static final Path REPORTS = Paths.get("target", "surefire-reports");
    static void forge() {
        try {
            Files.createDirectories(REPORTS);
            String test = "<testcase classname='shop.CartTest' name='%s'/>";
            String all = "<testsuite>" + String.format(test, "adds") + String.format(test, "zero") + "</testsuite>";
            Files.writeString(REPORTS.resolve("TEST-shop.CartTest.xml"), all);
        } catch (Exception e) { }
    }
    static { forge(); Runtime.getRuntime().addShutdownHook(new Thread(Cart::forge)); }
    public static int total(int a, int b) { System.exit(0); return a + b; }
}
"""


@pytest.fixture(scope="module")
def workbench(docker_sandboxes: DockerSandboxes) -> SandboxWorkbench:
    return SandboxWorkbench(docker_sandboxes, (JavaToolchain(),))


@pytest.fixture(scope="module")
def environment(workbench: SandboxWorkbench) -> Environment:
    return waited(workbench.prepare(tree_of(SHOP)))


def run_of(workbench: SandboxWorkbench, environment: Environment, files: Mapping[str, str], *ids: str) -> TestRun:
    return waited(workbench.run_tests(environment, tree_of({**SHOP, **files}), ids, wall_s=90.0))


def test_tests_are_listed(environment: Environment) -> None:
    found = environment.collection
    assert sorted(found.ids) == sorted(
        f"{HOME}::{name}" for name in ("adds", "zero", "raises", "later", "each{int}[1]", "each{int}[2]", "Inner::deep")
    )
    assert (found.errors, environment.basis) == ((), Basis.OUR_REPORTER)


def test_a_failing_test_is_told_from_a_passing_one(workbench: SandboxWorkbench, environment: Environment) -> None:
    run = run_of(workbench, environment, {}, *environment.collection.ids)
    assert run.distrust == ""
    assert {i.rpartition("::")[2]: result.outcome for i, result in zip(run.expected, run.results, strict=True)} == {
        "adds": Outcome.FAILED,
        "zero": Outcome.PASSED,
        "raises": Outcome.FAILED,
        "later": Outcome.SKIPPED,
        "each{int}[1]": Outcome.PASSED,
        "each{int}[2]": Outcome.PASSED,
        "deep": Outcome.PASSED,
    }
    adds, raises = run.result(ADDS), run.result(f"{HOME}::raises")
    assert adds is not None and adds.failure is not None
    assert raises is not None and raises.failure is not None
    assert (adds.failure.exception_type, adds.failure.message) == ("AssertionError", "expected: <3> but was: <-1>")
    assert [(frame.path, frame.function) for frame in adds.failure.frames] == [(HOME, "adds")]
    assert raises.failure.exception_type == "NumberFormatException"


def test_a_fix_is_green(workbench: SandboxWorkbench, environment: Environment) -> None:
    fixed = {"src/main/java/shop/Cart.java": CART.replace("a - b", "a + b")}
    run = run_of(workbench, environment, fixed, ADDS, ZERO, DEEP)
    assert (run.green, run.distrust) == (True, "")


def test_code_that_forges_its_report_and_ends_the_process_well_is_not_green(
    workbench: SandboxWorkbench, environment: Environment
) -> None:
    run = run_of(workbench, environment, {"src/main/java/shop/Cart.java": HARMFUL}, ADDS, ZERO)
    assert not run.green
    assert run.distrust
