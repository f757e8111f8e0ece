"""Interpreter sessions (`>>>`, `In [1]:`): inputs with what they printed. What was wanted is read elsewhere."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.core.python_source import parse_module

_PROMPT = re.compile(r"\s*>>>(?: (.*))?$")
_MORE = re.compile(r"\s*\.\.\.(?: (.*))?$")
_IPYTHON_IN = re.compile(r"(\s*)In ?\[\d+\]: ?(.*)$")
_IPYTHON_MORE = re.compile(r"(\s*)\.{3}:(?: (.*))?$")
_IPYTHON_OUT = re.compile(r"\s*Out ?\[\d+\]: ?(.*)$")


@dataclass(frozen=True, slots=True)
class Example:
    """One input and what followed it. Lines are 1-based within the session's text."""

    source: str
    output: str
    line_start: int
    line_end: int

    @property
    def expression(self) -> str:
        """The input when it is one expression, without comments; else ""."""
        module = parse_module(self.source)
        if module is None or len(module.body) != 1 or not isinstance(module.body[0], ast.Expr):
            return ""
        return ast.get_source_segment(self.source, module.body[0].value) or ""


def is_session(text: str) -> bool:
    return any(_PROMPT.match(line) or _IPYTHON_IN.match(line) for line in text.split("\n"))


def as_doctest(text: str) -> str:
    """The session with IPython's prompts written as Python's, line by line; prose and blank lines as they are."""
    return "\n".join(_plain_prompt(line) for line in text.split("\n"))


def read_session(text: str) -> Iterator[Example]:
    """The examples in order."""
    source: list[str] = []
    output: list[str] = []
    first = last = 0
    ended = True  # a blank line ends an example's output
    for number, line in enumerate(as_doctest(text).split("\n"), 1):
        prompt, more = _PROMPT.match(line), _MORE.match(line)
        if prompt:
            if source:
                yield _example(source, output, first, last)
            source, output, first, ended = [prompt[1] or ""], [], number, False
        elif more and source and not output and not ended:
            source.append(more[1] or "")
        elif not line.strip():
            ended = ended or bool(output) or not source
            continue
        elif source and not ended:
            output.append(line)
        else:
            continue
        last = number
    if source:
        yield _example(source, output, first, last)


def _example(source: list[str], output: list[str], first: int, last: int) -> Example:
    margin = min((len(line) - len(line.lstrip()) for line in output if line.strip()), default=0)
    shown = "\n".join(line[margin:].rstrip() for line in output).strip()
    return Example("\n".join(source).strip(), shown, first, last)


def _plain_prompt(line: str) -> str:
    if match := _IPYTHON_IN.match(line):
        return f"{match[1]}>>> {match[2]}"
    if match := _IPYTHON_MORE.match(line):
        return f"... {match[2] or ''}"
    if match := _IPYTHON_OUT.match(line):
        return match[1]
    return line
