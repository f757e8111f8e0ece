"""What a tool's output means, in a sentence for people. Running tools belongs to `installer`."""

from __future__ import annotations

import re
import sys
from typing import NoReturn

MAX_WORDS = 300
MAX_CONCLUSION = 200  # so that what to do still follows it on the line
BY_SSH = re.compile(r"ssh://|git@[\w.-]+:|Permission denied \(publickey|Host key verification failed")
BY_GIT = re.compile(r"Git operation failed|failed to (?:clone|fetch)|Git executable not found|git fetch", re.I)
REFUSED = re.compile(
    r"\b401\b|\b403\b|Unauthorized|Forbidden|Missing credentials|could not read Username|Authentication failed"
    r"|terminal prompts disabled|requires authentication",
    re.I,
)
NEEDS_ANOTHER_PYTHON = re.compile(
    r"Python version|Requires-Python|requires-python|Python ABI|ABI tag|platform tag|no usable wheels|no wheels with"
)
ADVICE_INDEX = (
    "Give the server that index with its credentials (PIP_EXTRA_INDEX_URL or UV_INDEX): a build gets the operator's "
    "package indexes, and nothing of the repository's own secrets."
)
ADVICE_GIT = (
    "A build reaches package registries only, and holds no keys: publish it to an index that the server knows, or set "
    "`setup` and `image` in .github/fixbugs.yml to where it is installed already."
)


def fail(sentence: str, output: str) -> NoReturn:
    """Ends the build; the last line that is printed is what people see."""
    print(output[-3000:])
    print(sentence, flush=True)
    sys.exit(1)


def why(output: str) -> str:
    """One line of a tool's output that says why; what is private is named as such."""
    said = reason(output)
    if BY_SSH.search(output):
        return f"a private repository, over ssh: {said}"
    if BY_GIT.search(output):
        return f"a git repository: {said}"
    return f"a private index: {said}" if REFUSED.search(output) else said


def advice(output: str) -> str:
    """What somebody can do about it, after a full stop; "" where that is plain."""
    if BY_SSH.search(output) or BY_GIT.search(output):
        return f". {ADVICE_GIT}"
    return f". {ADVICE_INDEX}" if REFUSED.search(output) else ""


def lock_flaw(output: str) -> str:
    """What is wrong with the lock file itself, in words that follow its name; "" when the failure is not its fault."""
    if "Hash mismatch" in output or "hash mismatch" in output:
        named = re.search(r"[Hh]ash mismatch for `?([^`\s]+)`?", output)
        what = named.group(1) if named else "a package"
        return f"does not fit what the package index gives for {what}: the hashes differ, so it was not installed"
    if "--require-hashes" in output and "No solution found" not in output:
        return f"lacks a hash: {reason(output)}"
    if "No solution found" in output and not NEEDS_ANOTHER_PYTHON.search(output):
        return f"does not resolve: {conclusion(output)}"
    return ""


def conclusion(output: str) -> str:
    """uv's own account of what cannot be had together, in one line."""
    lines = [line.strip(" \t│╰─▶├×") for line in output.splitlines()]
    start = next((number for number, line in enumerate(lines) if re.search(r"(?i)\bbecause\b", line)), None)
    if start is None:
        return reason(output)
    found = re.sub(r"^\w+: ", "", " ".join(" ".join(lines[start:]).split()).partition(" hint:")[0])
    return (found if len(found) <= MAX_CONCLUSION else f"{found[:MAX_CONCLUSION]}…").rstrip(".")


def reason(output: str) -> str:
    """One line of a tool's output that says why."""
    lines = [stripped for line in output.splitlines() if (stripped := line.strip(" \t│╰─▶├×"))]
    for pattern in (r"^(\w+(?:Error|Exception)\b.*)", r"(?i)(because .*)", r"(?i)^error: (.*)"):
        for number in reversed(range(len(lines))):
            match = re.search(pattern, lines[number])
            if match:
                rest = lines[number + 1 : number + 6] if "because" in pattern else []  # uv wraps its reasons
                return re.split(r"(?<=[a-z])\.(?: |$)", " ".join([match.group(1), *rest]))[0][:MAX_WORDS]
    return (lines[-1] if lines else "no output")[:MAX_WORDS]
