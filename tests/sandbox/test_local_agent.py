"""What holds in every local sandbox, isolated or not, when its agent dies or hangs; and what it says of itself."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from uuid import uuid4

import pytest

from at_hand import appears, family, in_sandbox, locally, on_linux, processes_with
from bot.core.errors import Permanent, SandboxCrashed
from bot.core.testing import Isolation
from bot.ports import Command, Limits
from sandbox.agent_sandbox import AgentSandbox
from sandbox.local import LocalSandboxes
from sandbox.process_pipe import ProcessPipe

pytestmark = [locally, on_linux]


def pipe_of(box: AgentSandbox) -> ProcessPipe:
    assert isinstance(box.channel.pipe, ProcessPipe)
    return box.channel.pipe


def test_a_sandbox_that_is_killed_is_reported_and_leaves_nothing(isolation: Isolation) -> None:
    mark = uuid4().hex

    async def work(box: AgentSandbox) -> None:
        command = Command(("sh", "-c", "setsid sh -c 'sleep 300; :' $0 & sleep 300; :", mark))
        task = asyncio.create_task(box.run(command, Limits(wall_s=60.0)))
        await appears(mark)
        pipe_of(box).process.kill()
        with pytest.raises(SandboxCrashed):
            await task

    in_sandbox(isolation, work)
    assert processes_with(mark) == []


def test_an_agent_that_hangs_is_given_up(isolation: Isolation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.agent_sandbox.GRACE_S", 0.5)

    async def work(box: AgentSandbox) -> None:
        for pid in family(pipe_of(box).process.pid):
            os.kill(pid, signal.SIGSTOP)
        with pytest.raises(SandboxCrashed, match="did not answer within"):
            await box.run(Command(("true",)), Limits(wall_s=0.5))

    monkeypatch.setattr("sandbox.process_pipe.LEAVE_S", 0.5)
    in_sandbox(isolation, work)


def test_an_unknown_environment_is_refused(isolation: Isolation, tmp_path: Path) -> None:
    async def go() -> None:
        async with LocalSandboxes(tmp_path, isolation, environ={}).start("never-built"):
            pass

    with pytest.raises(Permanent, match="build it first"):
        asyncio.run(go())


def test_what_is_enforced_is_said_plainly(isolation: Isolation, tmp_path: Path) -> None:
    sandboxes = LocalSandboxes(tmp_path, isolation)
    assert sandboxes.isolation is isolation
    assert ("no isolation" in sandboxes.enforced[0]) == (isolation is Isolation.NONE)
