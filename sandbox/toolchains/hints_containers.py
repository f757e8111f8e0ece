"""What a repository's Dockerfile and devcontainer.json say of the system that its code runs on. Pure; nothing in them
is built or run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.core.tree import Tree
from sandbox.toolchains.hints_commands import Step, steps_of
from sandbox.toolchains.hints_reading import read_json, small_text, table, text

DEVCONTAINERS = (".devcontainer/devcontainer.json", ".devcontainer.json")
DOCKERFILES = ("Dockerfile", ".devcontainer/Dockerfile", "docker/Dockerfile")
INSTALLERS = {"apt": "install", "apt-get": "install", "apk": "add", "yum": "install", "dnf": "install"}
WITH_VALUE = frozenset({"-t", "--target-release", "-o", "--option", "--repository", "-X"})
PACKAGE = re.compile(r"[a-z0-9][a-z0-9.+:-]+")
# In every base image, or tools that tests hardly need.
ALREADY_THERE = re.compile(
    r"(?:git|curl|wget|gcc|g\+\+|make|build-essential|ca-certificates|bash|tzdata|locales|sudo|gnupg2?|unzip|lsb-release"
    r"|apt-transport-https|software-properties-common|apt-utils|procps|openssh-client|vim|nano|less|jq|xz-utils"
    r"|python3?(?:[.-].*)?|python3\.\d+.*|virtualenv|pipx|nodejs|npm|pkg-config|musl-dev)"
)


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that a file says, and the file."""

    what: str
    source: str


@dataclass(frozen=True, slots=True)
class ContainerHints:
    """`images` are whole image names, `packages` those of the system, `features` devcontainer features by their names,
    `steps` the commands that set the project up."""

    images: tuple[Said, ...] = ()
    packages: tuple[Said, ...] = ()
    features: tuple[Said, ...] = ()
    steps: tuple[Step, ...] = ()


def container_hints(tree: Tree, folder: str) -> ContainerHints:
    """From the project's folder, and from the tree's top."""
    images: list[Said] = []
    features: list[Said] = []
    steps: list[Step] = []
    for place in dict.fromkeys((folder, ".")):
        for name in DEVCONTAINERS:
            path = _at(place, name)
            top = read_json(small_text(tree, path))
            if text(top, "image"):
                images.append(Said(text(top, "image"), path))
            features += [Said(feature, path) for feature in table(top, "features")]
            for key in ("onCreateCommand", "updateContentCommand", "postCreateCommand"):
                steps += _setup(top.get(key), place, path)
        for name in DOCKERFILES:
            path = _at(place, name)
            lines = list(_instructions(small_text(tree, path)))
            images += [Said(found, path) for found in _bases(lines)][-1:]  # the stage that is run
            for word, rest in lines:
                if word == "RUN" and not rest.startswith("["):
                    steps += steps_of(re.sub(r"--\w+=\S+\s+", "", rest), folder=place, source=path)
    packages = tuple(package for step in steps for package in system_packages(step))
    return ContainerHints(tuple(images), packages, tuple(features), tuple(steps))


def system_packages(step: Step) -> Iterator[Said]:
    """The packages that a command installs by the system's own tool, without those that every base has."""
    words = step.words
    verb = INSTALLERS.get(words[0].rpartition("/")[2])
    if verb is None or verb not in words:
        return
    skip = False
    for word in words[words.index(verb) + 1 :]:
        if skip or word.startswith("-"):
            skip = word in WITH_VALUE
            continue
        name = word.partition("=")[0]
        if PACKAGE.fullmatch(name) and not ALREADY_THERE.fullmatch(name):
            yield Said(name, step.source)


def _setup(command: object, place: str, source: str) -> Iterator[Step]:
    """A devcontainer's command: a shell line, a list of words, or several by name."""
    if isinstance(command, str):
        yield from steps_of(command, folder=place, source=source)
    elif isinstance(command, list):
        words = tuple(word for word in command if isinstance(word, str))
        if words:
            yield Step(words, folder=place, source=source)
    elif isinstance(command, dict):
        for one in command.values():
            yield from _setup(one, place, source)


def _instructions(dockerfile: str) -> Iterator[tuple[str, str]]:
    """(INSTRUCTION, the rest) with continued lines joined; heredocs come out as nonsense and mean nothing."""
    bare = re.sub(r"^[ \t]*#[^\n]*\n", "", dockerfile, flags=re.M)
    for line in bare.replace("\\\r\n", " ").replace("\\\n", " ").splitlines():
        word, _, rest = line.strip().partition(" ")
        if word.isalpha():
            yield word.upper(), rest.strip()


def _bases(lines: list[tuple[str, str]]) -> Iterator[str]:
    stages: set[str] = set()
    for word, rest in lines:
        words = [part for part in rest.split() if not part.startswith("--")]
        if word != "FROM" or not words:
            continue
        if "$" not in words[0] and words[0].lower() not in stages and words[0] != "scratch":
            yield words[0]
        if len(words) == 3:
            stages.add(words[2].lower())


def _at(place: str, name: str) -> str:
    return name if place == "." else f"{place}/{name}"
