"""A small command-line parser for the maintenance scripts: flags, options with a value, positionals."""

from __future__ import annotations

from dataclasses import dataclass, field


class UsageError(Exception):
    """The command line is wrong; the message is for the user."""


@dataclass(frozen=True)
class Spec:
    """Names without dashes. A short form maps a single letter to a name."""

    flags: frozenset[str] = frozenset()
    options: frozenset[str] = frozenset()
    short: dict[str, str] = field(default_factory=dict)


@dataclass
class Parsed:
    flags: set[str] = field(default_factory=set)
    options: dict[str, str] = field(default_factory=dict)
    positionals: list[str] = field(default_factory=list)


def parse(argv: list[str], spec: Spec) -> Parsed:
    """`--name`, `--name=value`, `--name value`, `-n`; what follows `--` is positional, whatever it looks like."""
    parsed = Parsed()
    index = 0
    while index < len(argv):
        token = argv[index]
        if token == "--":
            parsed.positionals.extend(argv[index:])
            break
        if not token.startswith("-") or token == "-":
            parsed.positionals.append(token)
            index += 1
            continue
        name, value = _split(token, spec)
        if name in spec.flags:
            if value is not None:
                raise UsageError(f"--{name} takes no value")
            parsed.flags.add(name)
            index += 1
            continue
        if name not in spec.options:
            raise UsageError(f"unknown option {token}")
        if value is None:
            if index + 1 >= len(argv):
                raise UsageError(f"--{name} needs a value")
            value = argv[index + 1]
            index += 1
        parsed.options[name] = value
        index += 1
    return parsed


def _split(token: str, spec: Spec) -> tuple[str, str | None]:
    if token.startswith("--"):
        name, equals, value = token[2:].partition("=")
        return name, value if equals else None
    letter, rest = token[1], token[2:]
    if letter not in spec.short:
        raise UsageError(f"unknown option -{letter}")
    return spec.short[letter], rest or None
