"""A stand-in for Maven, for tests of what is believed of it: it "runs" the @Test methods of Java files by their looks,
writes Surefire's reports and prints its counts. `attack.py` in the tree is what the code under test does meanwhile.
No assertions here.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.core.testing import Outcome
from bot.ports import Ended
from sandbox.oracle import Judgement, Report, judge, parse
from sandbox.toolchains.base import Mode, Place, Request
from sandbox.toolchains.java import JavaToolchain

PROGRAM = """#!/usr/bin/env python3
import os, pathlib, re, subprocess, sys
options = dict(a[2:].partition("=")[::2] for a in sys.argv if a.startswith("-D"))
wanted = [p.partition("#") for p in options.get("test", "").split(",") if p]
go_on = options["maven.test.failure.ignore"] == "true"
files = sorted(pathlib.Path().glob("**/src/test/java/**/*.java"))
broken = [f for f in pathlib.Path().glob("**/*.java") if "/." not in "/%s" % f and "BROKEN" in f.read_text()]
if broken:
    print("[ERROR] COMPILATION ERROR : ")
    print("[ERROR] %s:[2,7] cannot find symbol" % broken[0].resolve())
    sys.exit(1)
total = [0, 0, 0, 0]
for file in files:
    text = file.read_text()
    name = ".".join(file.with_suffix("").parts[file.parts.index("java") + 1:])
    picks = [m for path, _, methods in wanted if path == name.replace(".", "/") for m in methods.split("+")]
    if wanted and not picks:
        continue
    print("[INFO] Running " + name, flush=True)
    cases, bad = [], 0
    for method, body in re.findall(r"@Test public void (\\\\w+)\\\\(\\\\) { (.*?) }$", text, re.M):
        if "" not in picks and not any(re.fullmatch(m.replace("*", ".*"), method) for m in picks or ["*"]):
            continue
        total[0] += 1
        inner = ""
        if "HANG" in body:
            print("[ERROR] There was a timeout or other error in the fork")
            sys.exit(1)
        if "SKIP" in body:
            total[3] += 1
            inner = "<skipped/>"
        elif "assertEquals(1, 2)" in body or "IllegalState" in body:
            total[1] += 1
            bad += 1
            frame = "at %s.%s(%s:4)" % (name, method, file.name)
            inner = '<failure type="java.lang.AssertionError" message="m">%s</failure>' % frame
        cases.append('<testcase classname="%s" name="%s" time="0.1">%s</testcase>' % (name, method, inner))
    folder = pathlib.Path(str(file).split("src/test")[0], "target/surefire-reports")
    folder.mkdir(parents=True, exist_ok=True)
    suite = '<testsuite name="%s" tests="%d">%s</testsuite>' % (name, len(cases), "".join(cases))
    (folder / ("TEST-%s.xml" % name)).write_text(suite)
    print("[INFO] Tests run: %d, Time elapsed: 0.1 s - in %s" % (len(cases), name), flush=True)
code = 1 if total[1] and not go_on else 0
if os.path.exists("attack.py"):
    code = subprocess.call([sys.executable, "attack.py", str(code)])
print("[ERROR] Tests run: %d, Failures: %d, Errors: %d, Skipped: %d" % tuple(total))
sys.exit(code)
""".replace("\\\\", "\\")
SETTINGS = (("tool", "maven"), ("root", ""), ("module", ""), ("repository", "/m2"))
KEY = b"k" * 32


@dataclass(frozen=True)
class Tried:
    """One session's report and how its process ended."""

    report: Report
    judgement: Judgement
    output: str

    @property
    def green(self) -> bool:
        """As `TestRun.green`."""
        results = self.judgement.results
        return bool(results) and not self.judgement.distrust and all(r.outcome is Outcome.PASSED for r in results)


def tried(
    folder: Path,
    files: Mapping[str, str],
    ids: tuple[str, ...] | None,
    *,
    mode: Mode = Mode.RUN,
    asked: tuple[str, ...] | None = None,
    wall_s: float = 20.0,
) -> Tried:
    """Runs the wrapper on these files, with our Maven first on the path. `asked` are the files of the request."""
    place = Place(str(folder / "env"), str(folder / "tree"), str(folder / "scratch"))
    for path in (place.environment, place.tree, place.scratch, str(folder / "bin")):
        Path(path).mkdir(parents=True)
    maven = folder / "bin/mvn"
    maven.write_text(PROGRAM)
    maven.chmod(0o755)
    for path, text in files.items():
        Path(place.tree, path).parent.mkdir(parents=True, exist_ok=True)
        Path(place.tree, path).write_text(text)
    homes = tuple(dict.fromkeys(i.partition("::")[0] for i in ids or ())) if asked is None else asked
    session = JavaToolchain().session(place, SETTINGS, Request(mode, homes, ids, KEY, wall_s, test_limit_s=2.0))
    for path, content in session.files:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_bytes(content)
    done = subprocess.run(
        (sys.executable, *session.command.argv[1:]),
        input=session.command.stdin,
        cwd=place.tree,
        env={"PATH": f"{maven.parent}:{os.environ['PATH']}"},
        capture_output=True,
        timeout=wall_s + 20,
        check=False,
    )
    report = parse(Path(session.report_path).read_bytes(), KEY)
    output = (done.stdout + done.stderr).decode("utf-8", "replace")
    judgement = judge(
        ids or (), report, canaries=session.canaries, exit_code=done.returncode, ended=Ended.EXITED, output=output
    )
    return Tried(report, judgement, output)
