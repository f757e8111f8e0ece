"""A language of its own with a runner of its own, for tests of what is beside any language: its tests are functions in
plain Python files, run one after the other by a script that starts in no time. No assertions here."""

from __future__ import annotations

import json
import secrets
import sys

from bot.ports import Command
from sandbox.oracle import Canary
from sandbox.toolchains.base import Place, Request, Session, Settings

SCRIPT = """\
import hashlib, hmac, json, sys
said = json.load(sys.stdin)
report = open(said["report"], "ab", buffering=0)
count = 0

def write(event, **more):
    global count
    body = json.dumps({"n": count, "event": event, **more}).encode()
    mac = hmac.new(bytes.fromhex(said["key"]), body, hashlib.sha256).hexdigest().encode()
    report.write(mac + b" " + body + b"\\n")
    count += 1

def fails():
    assert 1 == 2

def passes():
    pass

sys.path.insert(0, ".")
first, second, last = said["canaries"]
tests = [(first, fails), (second, passes)]
write("start")
for path in said["files"]:
    names = {}
    try:
        exec(open(path).read(), names)
    except Exception as error:
        write("collect_error", id=path, type=type(error).__name__, message=str(error), text="", frames=[])
    tests += [(f"{path}::{name}", test) for name, test in names.items() if name.startswith("test_")]
tests = [(name, test) for name, test in tests if "::" not in name or name in said["ids"]] + [(last, fails)]
write("collected", ids=[name for name, _ in tests], deselected=[])
write("canaries", ids=said["canaries"])
for name, test in tests:
    write("begin", id=name)
    failures = []
    try:
        test()
    except Exception as error:
        failures = [{"type": type(error).__name__, "message": str(error), "phase": "call", "text": "", "frames": []}]
    phases = [
        {"when": "setup", "outcome": "passed", "duration_s": 0.0},
        {"when": "call", "outcome": "failed" if failures else "passed", "duration_s": 0.0},
        {"when": "teardown", "outcome": "passed", "duration_s": 0.0},
    ]
    own = "failed" if failures else "passed"
    write("test", id=name, phases=phases, failures=failures, own=own, timed_out=False)
write("end", status=1, ran=len(tests))
sys.exit(1)
"""


class TinyRunner:
    """A `sandbox.session_lanes.Runner`. It lays a file into the tree, as runners with tests in packages do; in its
    first `configured_sessions` it writes over the project's own `runner.cfg`."""

    def __init__(self, configured_sessions: int = 0) -> None:
        self._configured_sessions = configured_sessions

    def file_of(self, test_id: str) -> str:
        return test_id.partition("::")[0]

    def session(self, place: Place, settings: Settings, request: Request) -> Session:
        names = [f"canary_{secrets.token_hex(8)}" for _ in range(3)]
        report = f"{place.scratch}/report.jsonl"
        said = {
            "key": request.key.hex(),
            "report": report,
            "canaries": names,
            "files": request.files,
            "ids": request.ids,
        }
        files = {f"{place.tree}/laid_{secrets.token_hex(4)}.txt": b"ours", f"{place.scratch}/run.py": SCRIPT.encode()}
        if self._configured_sessions:
            self._configured_sessions -= 1
            files[f"{place.tree}/runner.cfg"] = b"ours"
        command = Command((sys.executable, "-B", f"{place.scratch}/run.py"), stdin=json.dumps(said).encode())
        canaries = tuple(Canary(name, passes) for name, passes in zip(names, (False, True, False), strict=True))
        return Session(tuple(files.items()), command, report, f"{place.scratch}/coverage.jsonl", b"\x1etiny ", canaries)
