"""A text buffer with undo and redo, as the note editor uses it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Change:
    """At `position`, `removed` was replaced by `inserted`."""

    position: int
    removed: str
    inserted: str

    def apply(self, text: str) -> str:
        return text[: self.position] + self.inserted + text[self.position + len(self.removed) :]

    def reversed(self) -> Change:
        return Change(self.position, self.inserted, self.removed)


@dataclass
class Buffer:
    text: str = ""
    max_history: int = 100
    _done: list[Change] = field(default_factory=list)
    _undone: list[Change] = field(default_factory=list)

    def insert(self, position: int, text: str) -> None:
        self.replace(position, 0, text)

    def delete(self, position: int, length: int) -> None:
        self.replace(position, length, "")

    def replace(self, position: int, length: int, text: str) -> None:
        """Replace `length` characters. What was undone before can no longer be redone."""
        if not 0 <= position <= len(self.text):
            raise IndexError(position)
        change = Change(position, self.text[position : position + length], text)
        if change.removed == change.inserted:
            return
        self.text = change.apply(self.text)
        self._done.append(change)
        if len(self._done) > self.max_history:
            del self._done[0]

    def undo(self) -> bool:
        """Take the last change back; False when there is none."""
        if not self._done:
            return False
        change = self._done.pop()
        self.text = change.reversed().apply(self.text)
        return True

    def redo(self) -> bool:
        """Make the last undone change again; False when there is none."""
        if not self._undone:
            return False
        change = self._undone.pop()
        self.text = change.apply(self.text)
        self._done.append(change)
        return True

    @property
    def can_undo(self) -> bool:
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        return bool(self._undone)
