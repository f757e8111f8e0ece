"""Workers that die: a stand-in for a process that SIGKILL ends at its n-th call to the outside. No assertions."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar, cast

T = TypeVar("T")


class KilledError(BaseException):
    """No `except Exception` sees it, as none sees SIGKILL."""


@dataclass
class Life:
    """Ends at the call numbered `ends_at` (from 1): before it takes effect, or after it did and before its answer is
    known. Nothing happens outside any more after that, in no `finally` either."""

    ends_at: int
    after: bool
    calls: int = 0
    over: bool = False

    def begin_call(self) -> bool:
        """True when this call is the last one. Raises KilledError when it does not take effect."""
        if self.over:
            raise KilledError
        self.calls += 1
        if self.calls < self.ends_at:
            return False
        self.over = True
        if not self.after:
            raise KilledError
        return True


class _Mortal:
    def __init__(self, inner: object, life: Life) -> None:
        self._inner, self._life = inner, life

    def __getattr__(self, name: str) -> object:
        found = getattr(self._inner, name)
        if name == "alone":
            return self._alone
        return found if name == "comment_url" else self._call(found)

    def _call(self, method: Callable[..., Any]) -> Callable[..., Any]:
        async def called(*args: Any, **kwargs: Any) -> Any:
            last = self._life.begin_call()
            answer = await method(*args, **kwargs)
            if last:
                raise KilledError
            return answer

        return called

    def _alone(self, key: str, lease_s: float) -> AbstractAsyncContextManager[None]:
        return self._inside(key, lease_s)

    @asynccontextmanager
    async def _inside(self, key: str, lease_s: float) -> AsyncGenerator[None, None]:
        block = cast(Any, self._inner).alone(key, lease_s)
        await block.__aenter__()
        yield  # the dead do not come back here, so they keep the key until its lease ends
        await block.__aexit__(None, None, None)


def mortal(inner: T, life: Life) -> T:
    """The same port, for as long as this life lasts."""
    return cast(T, _Mortal(inner, life))
