"""What a token may do: the sets of permissions that we ask for, each the least for its purpose. The App's own
permissions (`app.yml`) must hold them all."""

from __future__ import annotations

from enum import Enum


class Access(Enum):
    """A token's purpose. The value names GitHub's permissions and how much of each."""

    CLONE = (("contents", "read"),)
    READ = (
        ("actions", "read"),
        ("checks", "read"),
        ("contents", "read"),
        ("issues", "read"),
        ("metadata", "read"),
        ("pull_requests", "read"),
    )
    TALK = (("checks", "write"), ("issues", "write"), ("pull_requests", "write"))
    WRITE = (("contents", "write"), ("pull_requests", "write"))

    @property
    def permissions(self) -> dict[str, str]:
        return dict(self.value)
