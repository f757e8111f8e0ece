"""Package indexes that a project names for itself. Pure. A build uses the operator's, so people hear of these."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from bot.core.tree import Tree
from sandbox.toolchains.python_needs import table

OPTION = re.compile(r"^\s*(?:-i|--index-url|--extra-index-url)[ =]\s*(\S+)", re.M)
PUBLIC = frozenset({"pypi.org", "pypi.python.org", "files.pythonhosted.org"})
TABLES = (("poetry", "source"), ("uv", "index"), ("pdm", "source"))


def own_indexes(tree: Tree, pyproject: Mapping[str, object]) -> tuple[str, ...]:
    """The hosts of the indexes that a project's files name, besides the public one; never a password."""
    hosts = (_host(address) for address in _addresses(tree, pyproject))
    return tuple(dict.fromkeys(host for host in hosts if host and host not in PUBLIC))


def index_note(hosts: tuple[str, ...]) -> str:
    """A sentence for people; "" where there is nothing to say."""
    if not hosts:
        return ""
    named = ", ".join(hosts)
    return (
        f"The project names package indexes of its own ({named}): builds use those that the server is set up with "
        "(PIP_INDEX_URL, PIP_EXTRA_INDEX_URL, UV_INDEX)."
    )


def _addresses(tree: Tree, pyproject: Mapping[str, object]) -> Iterator[str]:
    for path in tree:
        if path.count("/") <= 1 and path.endswith(".txt") and "requirements" in path:
            yield from OPTION.findall((tree.text(path) or "")[:100_000])
    for tool, name in TABLES:
        entries = table(pyproject, "tool", tool).get(name)
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict):
                yield str(entry.get("url", ""))


def _host(address: str) -> str:
    try:
        return urlsplit(address.strip("'\"")).hostname or ""
    except ValueError:
        return ""
