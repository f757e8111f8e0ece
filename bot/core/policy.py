"""What a repository wants of FixBugs: its policy, with every default. Reading `.github/fixbugs.yml` is
`bot.repo_config`'s business."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from bot.core.forge import Role


class OnFailedChecks(Enum):
    """When a failed check starts a run by itself."""

    OFF = "off"
    LABELED = "labeled"  # on pull requests that carry the label
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that one run may take. Money is spent on models only."""

    time_limit_s: float = 1800.0
    cost_usd: float | None = None


@dataclass(frozen=True, slots=True)
class Wishes:
    """How a repository wants to be built and tested; "" leaves that to what its files say.

    `setup` installs what it needs, `test` runs its tests and writes a JUnit XML report to `report`; `image` is the
    container image to do both in; `folder` is the part of the repository that is meant.
    """

    setup: str = ""
    test: str = ""
    report: str = ""
    image: str = ""
    folder: str = ""


@dataclass(frozen=True, slots=True)
class Policy:
    """A repository's wishes. `min_role` is the least that somebody must be to ask; `allowed` are logins that may ask
    whatever their role. `protected_paths` are globs that no fix may touch, besides what is always protected."""

    label: str = "fixbugs"
    min_role: Role = Role.WRITE
    allowed: tuple[str, ...] = ()
    failed_checks: OnFailedChecks = OnFailedChecks.LABELED
    wishes: Wishes = field(default_factory=Wishes)
    protected_paths: tuple[str, ...] = ()
    budget: Budget = field(default_factory=Budget)
    models: tuple[tuple[str, str], ...] = ()  # stage name to model name
    draft: bool = True
    branch_prefix: str = "fixbugs/"
