"""Layered configuration: defaults, then the site's file, then the environment. Later layers win."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Config = dict[str, Any]

DEFAULTS: Config = {
    "server": {"host": "127.0.0.1", "port": 8000, "tls": {"enabled": False}},
    "logging": {"level": "info"},
    "plugins": [],
}


def merge(base: Config, override: Config) -> Config:
    """Both layers as one; the inputs stay as they are.

    Tables are merged key by key, anything else is replaced. A value of None removes the key.
    """
    result = base
    for key, value in override.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merge(result[key], value)
        else:
            result[key] = value
    return result


def from_environment(variables: Mapping[str, str], prefix: str = "APP") -> Config:
    """`APP__SERVER__PORT=9000` as `{"server": {"port": 9000}}`; whole numbers and booleans are converted."""
    config: Config = {}
    for name, text in sorted(variables.items()):
        head, *path = name.split("__")
        if head != prefix or not path:
            continue
        table = config
        for step in path[:-1]:
            table = table.setdefault(step.lower(), {})
        table[path[-1].lower()] = _value(text)
    return config


def effective(site: Config, variables: Mapping[str, str]) -> Config:
    return merge(merge(DEFAULTS, site), from_environment(variables))


def _value(text: str) -> str | int | bool:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if text.lstrip("-").isdigit():
        return int(text)
    return text
