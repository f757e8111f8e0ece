"""The servers that a project's tests talk to, as its CI and its compose file name them. Pure; whether and how they run
is the sandbox's business.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from itertools import pairwise

from bot.core.tree import Tree
from bot.ports import Service
from sandbox.toolchains.hints_reading import Value, items, pairs, read_yaml, small_text, table, text

COMPOSE_FILES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
MOST_SERVICES = 8
NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
IMAGE = re.compile(r"[a-z0-9][\w.:/@-]{0,200}", re.I)
VARIABLE = re.compile(r"\$\{\w+:?-([^{}$]*)\}")
# Ports of the servers that tests commonly talk to. A compose file starts the project's own programs, too: only these
# are what its tests need beside themselves.
PORTS = {
    "postgres": 5432,
    "postgis": 5432,
    "timescaledb": 5432,
    "pgvector": 5432,
    "mysql": 3306,
    "mariadb": 3306,
    "redis": 6379,
    "valkey": 6379,
    "memcached": 11211,
    "mongo": 27017,
    "rabbitmq": 5672,
    "elasticsearch": 9200,
    "opensearch": 9200,
    "nats": 4222,
    "minio": 9000,
}


def ci_services(job: dict[str, Value]) -> tuple[Service, ...]:
    """The services of one job of a GitHub workflow."""
    found = (_from_ci(name, entry) for name, entry in table(job, "services").items() if isinstance(entry, dict))
    return tuple(service for service in found if service)[:MOST_SERVICES]


def compose_services(tree: Tree, folder: str = ".") -> tuple[Service, ...]:
    """The well-known servers of the project's compose file."""
    for place in dict.fromkeys((folder, ".")):
        for name in COMPOSE_FILES:
            path = name if place == "." else f"{place}/{name}"
            services = table(read_yaml(small_text(tree, path)), "services")
            found = [_from_compose(key, entry) for key, entry in services.items() if isinstance(entry, dict)]
            known = tuple(one for one in found if one and kind_of(one.image) in PORTS)
            if known:
                return known[:MOST_SERVICES]
    return ()


def kind_of(image: str) -> str:
    """What an image is, without registry, owner and version."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0].lower()


def _from_ci(name: str, entry: dict[str, Value]) -> Service | None:
    options = text(entry, "options")
    try:
        words = shlex.split(options)
    except ValueError:
        words = []
    health = ""
    for word, following in pairwise([*words, ""]):
        if word == "--health-cmd":
            health = following
        elif word.startswith("--health-cmd="):
            health = word.partition("=")[2]
    return _service(name, text(entry, "image"), pairs(entry.get("env")), items(entry.get("ports")), health)


def _from_compose(name: str, entry: dict[str, Value]) -> Service | None:
    test = table(entry, "healthcheck").get("test")
    words = [one for one in items(test) if isinstance(one, str)]
    if words[:1] == ["CMD"]:
        health = shlex.join(words[1:])
    else:
        health = " ".join(words[1:] if words[:1] in (["CMD-SHELL"], ["NONE"]) else words)
    environment = tuple((key, VARIABLE.sub(r"\1", value)) for key, value in pairs(entry.get("environment")))
    image = VARIABLE.sub(r"\1", text(entry, "image"))
    return _service(name, image, environment, items(entry.get("ports")), health)


def _service(
    name: str, image: str, env: Iterable[tuple[str, str]], ports: Iterable[Value], health: str
) -> Service | None:
    """None for what is no plain name or image; what only CI could fill in (${{ … }}, $NAME) is left out."""
    name = name.lower().replace("_", "-")
    if not NAME.fullmatch(name) or not IMAGE.fullmatch(image):
        return None
    inner = tuple(dict.fromkeys(_ports(ports))) or tuple(PORTS[kind] for kind in [kind_of(image)] if kind in PORTS)
    known = tuple((key, value) for key, value in env if re.fullmatch(r"[A-Za-z_]\w*", key) and "$" not in value)
    return Service(name, image, known, inner, "" if "${{" in health else health)


def _ports(given: Iterable[Value]) -> Iterator[int]:
    """The port inside the container: "5432", "5433:5432/tcp", "127.0.0.1:1:5432", {target: 5432}."""
    for one in given:
        written = one if isinstance(one, str) else text(one, "target") if isinstance(one, dict) else ""
        last = written.partition("/")[0].rpartition(":")[2]
        if last.isdigit() and len(last) <= 5 and 0 < int(last) < 65536:
            yield int(last)
