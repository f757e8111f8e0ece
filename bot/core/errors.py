"""What can go wrong, by what to do about it. Adapters translate their libraries' exceptions into these, once."""

UNKNOWN_S = 60.0  # between two tries while the forge does not know us


class FixbugsError(Exception):
    """Every failure we foresee; its text says what happened and what to do next."""


class InputError(FixbugsError):
    """What the person gave cannot be used (bad repository, empty report, unknown test). Exit code 2."""


class Transient(FixbugsError):
    """A dependency failed in a way that may pass: try again, within the stage's attempts, after `retry_after_s` seconds
    when the dependency said how long."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Permanent(FixbugsError):
    """A dependency failed in a way that will not pass: say so and stop."""


class SandboxUnavailable(Permanent):
    """No sandbox that we would trust can be started on this machine."""


class EnvironmentBroken(Permanent):
    """The project's environment could not be built, so nothing of it can be run.

    `output` is the tail of what the build printed.
    """

    def __init__(self, message: str, output: str = "") -> None:
        super().__init__(message)
        self.output = output


class SandboxCrashed(Transient):
    """The sandbox itself went away (not the command inside it)."""


class Absent(Permanent):
    """What was asked for on the forge is not there, or not for us to see (404, 410)."""


class Forbidden(Permanent):
    """The forge does not let us (403): a missing permission, an archived repository, a suspended installation."""


class Unauthorized(Transient):
    """The forge does not know us (401): a revoked key, a wrong App id, a clock that is wrong. It passes once somebody
    gives us the right one, so nothing is lost until then; but it is not asked for often."""

    def __init__(self, message: str) -> None:
        super().__init__(message, UNKNOWN_S)


class Conflict(Permanent):
    """The forge refused a change because of how things stand (409, 422): a branch that moved, a rule that protects
    it."""
