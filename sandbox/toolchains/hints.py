"""What a repository's existing definitions (CI workflows, devcontainer, Dockerfile, compose file) say of how it is set
up and tested. Pure, and of no language: which of it helps is each toolchain's to say. A hint is never run as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from posixpath import normpath

from bot.core.tree import Tree
from bot.ports import Service
from sandbox.toolchains.hints_commands import Step, is_test, steps_of
from sandbox.toolchains.hints_containers import Said, container_hints, system_packages
from sandbox.toolchains.hints_reading import Value, items, pairs, read_yaml, small_text, table, text
from sandbox.toolchains.services import ci_services, compose_services

WORKFLOW = re.compile(r"\.github/workflows/[\w.-]+\.ya?ml")
MOST_WORKFLOWS = 20
NAMED_AT_MOST = 8
COMPUTED = re.compile(r"\$\{\{|\$\(|`")


@dataclass(frozen=True, slots=True)
class Hints:
    """`steps` are the commands of the CI jobs that run tests, and of a devcontainer; `environ` the variables that those
    jobs set for the tests (nothing secret, nothing computed); `images`, `packages` and `features` describe the system.
    `notes` say what of it this sandbox leaves out."""

    steps: tuple[Step, ...] = ()
    environ: tuple[tuple[str, str], ...] = ()
    services: tuple[Service, ...] = ()
    images: tuple[Said, ...] = ()
    packages: tuple[Said, ...] = ()
    features: tuple[Said, ...] = ()

    @property
    def tests(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if is_test(" ".join(step.words)))

    @property
    def notes(self) -> tuple[str, ...]:
        found = []
        if self.packages:
            named = _named(said.what for said in self.packages)
            found.append(f"{self.packages[0].source} installs {named}, which this sandbox does not.")
        if self.features:
            found.append(f"{self.features[0].source} asks for {_named(f.what for f in self.features)}: not used.")
        if self.images and (self.packages or self.features or "devcontainer" in self.images[0].source):
            image, source = self.images[0].what, self.images[0].source
            advice = "to be tested in it, name it as `image` in .github/fixbugs.yml"
            found.append(f"{source} names the image {image}: {advice}.")
        return tuple(found)


def read_hints(tree: Tree, folder: str = ".") -> Hints:
    """The hints for the project in this folder."""
    jobs = [job for job in _jobs(tree) if _concerns(job, folder)]
    outside = container_hints(tree, folder)
    steps = [step for job in jobs for step in job.steps if step.folder in (folder, ".")]
    in_ci = tuple(package for step in steps for package in system_packages(step))
    from_ci = {service.name: service for job in jobs for service in job.services}
    environ: dict[str, str] = {}
    for step in steps:
        if is_test(" ".join(step.words)):
            environ.update((name, value) for name, value in step.environ if not COMPUTED.search(value))
    return Hints(
        steps=(*steps, *outside.steps),
        environ=tuple(environ.items()),
        services=tuple(from_ci.values()) or compose_services(tree, folder),
        images=(*(job.image for job in jobs if job.image), *outside.images),
        packages=in_ci or outside.packages,
        features=outside.features,
    )


@dataclass(frozen=True, slots=True)
class _Job:
    """A job of a workflow that runs tests."""

    steps: tuple[Step, ...]
    services: tuple[Service, ...]
    image: Said | None


def _jobs(tree: Tree) -> Iterator[_Job]:
    for path in sorted(path for path in tree if WORKFLOW.fullmatch(path))[:MOST_WORKFLOWS]:
        written = small_text(tree, path)
        workflow = read_yaml(written) if is_test(written) else {}
        for job in table(workflow, "jobs").values():
            if isinstance(job, dict):
                steps = tuple(_steps(workflow, job, path))
                if any(is_test(" ".join(step.words)) for step in steps):
                    container = job.get("container")
                    image = text(container, "image") if isinstance(container, dict) else text(job, "container")
                    whole = Said(image, path) if image and not COMPUTED.search(image) else None
                    yield _Job(steps, ci_services(job), whole)


def _steps(workflow: dict[str, Value], job: dict[str, Value], path: str) -> Iterator[Step]:
    around = (*pairs(workflow.get("env")), *pairs(job.get("env")))
    usual = text(table(job, "defaults", "run"), "working-directory")
    usual = usual or text(table(workflow, "defaults", "run"), "working-directory")
    for step in items(job.get("steps")):
        if isinstance(step, dict) and text(step, "run"):
            folder = normpath(text(step, "working-directory") or usual or ".")
            yield from steps_of(text(step, "run"), (*around, *pairs(step.get("env"))), folder, path)


def _concerns(job: _Job, folder: str) -> bool:
    """Whether a job tests this folder, or all of the repository."""
    return any(step.folder in (folder, ".") for step in job.steps if is_test(" ".join(step.words)))


def _named(names: Iterable[str]) -> str:
    unique = tuple(dict.fromkeys(names))
    return ", ".join(unique[:NAMED_AT_MOST]) + (", …" if len(unique) > NAMED_AT_MOST else "")
