"""Who is friends with whom. Friendship is mutual: there is no order in a pair."""

from __future__ import annotations

from collections import defaultdict, deque


class FriendGraph:
    def __init__(self) -> None:
        self._friends: dict[str, set[str]] = defaultdict(set)

    def connect(self, one: str, other: str) -> None:
        if one == other:
            raise ValueError("nobody is their own friend")
        self._friends[one].add(other)

    def disconnect(self, one: str, other: str) -> None:
        """End a friendship; nothing happens when there was none."""
        self._friends[one].discard(other)

    def are_friends(self, one: str, other: str) -> bool:
        return other in self._friends.get(one, ())

    def friends_of(self, person: str) -> list[str]:
        return sorted(self._friends.get(person, ()))

    def suggestions(self, person: str) -> list[str]:
        """Friends of friends who are not friends yet: most friends in common first, then by name."""
        own = self._friends.get(person, set())
        common: dict[str, int] = defaultdict(int)
        for friend in own:
            for candidate in self._friends.get(friend, ()):
                if candidate != person and candidate not in own:
                    common[candidate] += 1
        return sorted(common, key=lambda candidate: (-common[candidate], candidate))

    def distance(self, one: str, other: str) -> int | None:
        """Friendships on the shortest way between two people, or None when nothing links them."""
        steps = {one: 0}
        queue = deque([one])
        while queue:
            person = queue.popleft()
            if person == other:
                return steps[person]
            for friend in self._friends.get(person, ()):
                if friend not in steps:
                    steps[friend] = steps[person] + 1
                    queue.append(friend)
        return None
