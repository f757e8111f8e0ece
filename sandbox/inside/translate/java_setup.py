"""Builds the environment of a Java project: has Maven or Gradle fetch all that a run of its tests needs, by running one
test of ours in it. Runs inside a build; standard library only, Python 3.8 and newer.

    argv: tree, environment
    stdin: {"tool": "maven" or "gradle", "root": the build's folder, "module": one below it, or "", "style": what the
            module's tests are written with, "package": and lie in}

<environment>/fixbugs-build.json then holds "repository" (Maven's: absolute, or below the environment) and "notes".
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ITS_OWN = Path("/usr/share/maven-repo")  # where Debian's packages of Java libraries lie
LAST_CHARS = 3000
NAME = "FixbugsFetchTest"
MARKS = {
    "org.junit.jupiter": "org.junit.jupiter.api.Test",
    "org.junit": "org.junit.Test",
    "org.testng": "org.testng.annotations.Test",
}
TEST = "import {0};\n\npublic class {1} {{\n    @Test public void fetched() {{ }}\n}}\n"
# A JVM reads neither PEM files nor SSL_CERT_FILE. One source file, run as it is: since Java 11.
TRUST = """\
import java.io.*;
import java.security.KeyStore;
import java.security.cert.*;

public class Trust {
    public static void main(String[] args) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        int number = 0;
        try (InputStream pem = new FileInputStream(args[0])) {
            for (Certificate one : CertificateFactory.getInstance("X.509").generateCertificates(pem)) {
                store.setCertificateEntry("ca" + number++, one);
            }
        }
        try (OutputStream out = new FileOutputStream(args[1])) {
            store.store(out, "changeit".toCharArray());
        }
    }
}
"""


def main() -> int:
    tree, environment = Path(sys.argv[1]), Path(sys.argv[2])
    said = json.loads(sys.stdin.buffer.read().decode())
    fetch = Gradle(tree, environment, said) if said["tool"] == "gradle" else Maven(tree, environment, said)
    found = fetch.fetch()
    if found is None:
        return 1
    (environment / "fixbugs-build.json").write_text(json.dumps(found))
    return 0


class Fetch:
    """What both tools share: one test of ours in the module, and a run of the tool that must run it."""

    program = ""
    reports = ""

    def __init__(self, tree: Path, environment: Path, said: dict[str, str]) -> None:
        self.tree, self.environment = tree, environment
        self.root, self.module = tree / said["root"], said["module"]
        folder = self.root / self.module / "src/test/java" / said["package"].replace(".", "/")
        folder.mkdir(parents=True, exist_ok=True)
        package = "package {};\n".format(said["package"]) if said["package"] else ""
        self.test = folder / (NAME + ".java")
        self.test.write_text(package + TEST.format(MARKS[said["style"]], NAME))
        self.output = ""

    def run(self, argv: list[str], **variables: str) -> bool:
        """Whether our test ran. What the tool prints goes on to who builds."""
        for report in (self.root / self.module).glob(self.reports):
            report.unlink()
        done = subprocess.run(
            argv,
            cwd=self.root,
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        self.output = done.stdout.decode("utf-8", "replace")
        print(self.output[-LAST_CHARS:], flush=True)
        return any(NAME in report.name for report in (self.root / self.module).glob(self.reports))

    def wrong_sources(self) -> bool:
        """Whether the project's own code does not compile: that is found again, and told, when tests are listed."""
        return "COMPILATION ERROR" in self.output or "compileTestJava" in self.output or "compileJava" in self.output

    def drop_sources(self) -> None:
        """All but our test: what must be fetched does not depend on them."""
        for source in self.root.glob("**/src/*/java/**/*.java"):
            if source != self.test:
                source.unlink()

    def refuse(self) -> None:
        lines = [line.strip() for line in self.output.splitlines() if line.strip()]
        signs = (
            "Could not resolve",
            "Could not find",
            "Could not transfer",
            "Cannot resolve",
            "was not found",
            "error:",
        )
        why = next((line for line in lines if any(sign in line for sign in signs)), lines[-1] if lines else "")
        why = why.replace("[ERROR] ", "")
        say(f"{self.program} could not fetch what the tests need: {why}")


class Maven(Fetch):
    program = "Maven"
    reports = "target/surefire-reports/TEST-*.xml"

    def fetch(self) -> dict[str, object] | None:
        program = shutil.which("mvn") or (str(self.root / "mvnw") if (self.root / "mvnw").is_file() else "")
        if not program:
            say("There is no Maven here, and the project brings no mvnw: choose an image that has it (`image:`).")
            return None
        own = self.environment / "m2"
        for repository, offline in ((ITS_OWN, True), (own, False)):
            if offline and not repository.is_dir():
                continue
            argv = [program, *(["-o"] if offline else trusting(self.environment)), "-B", "-Dstyle.color=never"]
            argv += [f"-Dmaven.repo.local={repository}", "-Dtest=" + NAME, "-DskipTests=false"]
            argv += ["-DfailIfNoTests=false", "-DfailIfNoSpecifiedTests=false"]
            argv += ["-Dsurefire.failIfNoSpecifiedTests=false", "-Dmaven.test.skip=false"]
            argv += ["-pl", self.module, "-am"] if self.module else []
            home = {"MAVEN_USER_HOME": str(self.environment / "maven"), "MAVEN_SKIP_RC": "true"}
            if self.run([*argv, "test"], **home):
                return self.found(repository, offline)
            if self.wrong_sources():
                self.drop_sources()
                if self.run([*argv, "test"], **home):
                    return self.found(repository, offline)
        self.refuse()
        return None

    def found(self, repository: Path, offline: bool) -> dict[str, object]:
        note = f"Maven takes its plugins and the libraries from the image's own repository ({repository})."
        return {"repository": str(repository) if offline else repository.name, "notes": [note] if offline else []}


class Gradle(Fetch):
    program = "Gradle"
    reports = "build/test-results/test/TEST-*.xml"

    def fetch(self) -> dict[str, object] | None:
        own = self.root / "gradlew"
        program = ["sh", str(own)] if own.is_file() else [shutil.which("gradle") or ""]
        if not program[-1]:
            say("There is no Gradle here, and the project brings no gradlew: choose an image that has it (`image:`).")
            return None
        task = "%s:test" % (":" + self.module.replace("/", ":") if self.module else "")
        argv = [*program, *trusting(self.environment), "--no-daemon", "--console=plain", task, "--tests", "*" + NAME]
        home = {"GRADLE_USER_HOME": str(self.environment / "gradle")}
        if not self.run(argv, **home):
            if self.wrong_sources():
                self.drop_sources()
            if not self.run(argv, **home):
                self.refuse()
                return None
        for lock in (self.environment / "gradle/caches").glob("**/*.lock"):
            lock.unlink()  # a read-only cache must hold none
        return {"repository": "", "notes": []}


def say(sentence: str) -> None:
    """The last thing that is printed is what people are told; what tools say on stderr comes after all of stdout."""
    sys.stderr.write(sentence + "\n")


def trusting(environment: Path) -> list[str]:
    """Options that let a JVM trust the certificates that SSL_CERT_FILE names."""
    named, java = os.environ.get("SSL_CERT_FILE", ""), shutil.which("java")
    if not java or not Path(named).is_file():
        return []
    source, store = environment / "Trust.java", environment / "trust.p12"
    source.write_text(TRUST)
    made = subprocess.call([java, str(source), named, str(store)], stdin=subprocess.DEVNULL)
    source.unlink()
    if made != 0:
        return []
    return [f"-Djavax.net.ssl.trustStore={store}", "-Djavax.net.ssl.trustStorePassword=changeit"]


if __name__ == "__main__":
    sys.exit(main())
