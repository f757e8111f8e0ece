"""The load that `bench.webhook` puts on a server, from a process of its own: signed deliveries, each over a
connection of its own, as most proxies pass them on, or with `--kept` over connections that stay open.

`python -m bench.deliveries PORT --rate 200 --seconds 10` sends on a fixed timetable (open loop), whatever the answers
take, and counts each delivery's latency from when it was due. Without `--rate` it sends as fast as answers come.
The last line is a JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

SECRET = "measured, not secret"  # noqa: S105 # both sides of the bench know it
PATIENCE_S = 30.0


def payload() -> bytes:
    """A comment on an issue, as large and with as many fields as GitHub sends: about 7 kB."""
    repository = {
        "id": 99,
        "full_name": "ada/shop",
        **{f"link_{n}_url": f"https://api.example.org/repos/ada/shop/part/{n}{{/detail}}" for n in range(45)},
    }
    person = {
        "login": "grace",
        "type": "User",
        **{f"link_{n}_url": f"https://api.example.org/users/grace/{n}" for n in range(14)},
    }
    text = "The total is off by one cent when a discount applies.\n\n> quoted\n\n" * 4
    issue = {"number": 12, "title": "Total is wrong", "user": person, "labels": [], "body": text}
    said = "The same happens with two coupons.\n\n/fixbugs fix the rounding, not the sum\n"
    comment = {"id": 501, "user": person, "body": said}
    parts = {"issue": issue, "comment": comment, "repository": repository, "sender": person}
    return json.dumps({"action": "created", "installation": {"id": 7}, **parts}).encode()


def request_head(body: bytes, port: int) -> bytes:
    """Everything above the delivery's own id; the signature covers the body only."""
    signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return (
        f"POST /webhook HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: GitHub-Hookshot/bench\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nX-GitHub-Event: issue_comment\r\n"
        f"X-Hub-Signature-256: sha256={signature}\r\nX-GitHub-Delivery: "
    ).encode()


@dataclass
class Sent:
    """`latencies_ms` of the deliveries answered 202; `refused` were answered otherwise or not at all."""

    latencies_ms: list[float] = field(default_factory=list)
    refused: int = 0
    started: float = field(default_factory=time.perf_counter)
    ended: float = 0.0

    def as_json(self) -> str:
        ordered = sorted(self.latencies_ms)
        took_s = max(self.ended - self.started, 1e-9)
        return json.dumps(
            {
                "accepted": len(ordered),
                "refused": self.refused,
                "rate": len(ordered) / took_s,
                "p50_ms": _quantile(ordered, 0.5),
                "p99_ms": _quantile(ordered, 0.99),
                "max_ms": ordered[-1] if ordered else float("inf"),
            }
        )


@dataclass
class Line:
    """One sender, with one connection at a time. A kept one is opened again when the server closed it."""

    port: int
    head: bytes
    body: bytes
    kept: bool
    streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self) -> bool:
        """Whether the delivery was answered 202. A connection that went away while idle is opened once more."""
        for _ in range(2):
            try:
                return await asyncio.wait_for(self._exchange(), PATIENCE_S)
            except (OSError, asyncio.IncompleteReadError, TimeoutError):
                self.close()
        return False

    async def _exchange(self) -> bool:
        if self.streams is None:
            self.streams = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self.streams
        manner = b"" if self.kept else b"Connection: close\r\n"
        writer.write(b"%b%b\r\n%b\r\n%b" % (self.head, uuid.uuid4().hex.encode(), manner, self.body))
        answer = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (int(line.split(b":")[1]) for line in answer.split(b"\r\n") if line.lower().startswith(b"content-length")),
            0,
        )
        await reader.readexactly(length)
        if b"connection: close" in answer.lower():
            self.close()
        return answer.startswith(b"HTTP/1.1 202")

    def close(self) -> None:
        if self.streams is not None:
            self.streams[1].close()
            self.streams = None


async def on_a_timetable(lines: Sequence[Line], rate: float, seconds: float) -> Sent:
    """Open loop: a delivery that finds all connections busy waits for one, and its latency says so."""
    free: asyncio.Queue[Line] = asyncio.Queue()
    for line in lines:
        free.put_nowait(line)
    sent = Sent()

    async def deliver(due: float) -> None:
        line = await free.get()
        accepted = await line.send()
        now = time.perf_counter()
        free.put_nowait(line)
        if accepted:
            sent.latencies_ms.append((now - due) * 1000)
        else:
            sent.refused += 1

    tasks = []
    for number in range(round(rate * seconds)):
        due = sent.started + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(deliver(due)))
    await asyncio.gather(*tasks)
    sent.ended = time.perf_counter()
    return sent


async def as_fast_as_answered(lines: Sequence[Line], seconds: float) -> Sent:
    """Closed loop: every connection sends its next delivery when the last was answered."""
    sent = Sent()

    async def keep_on(line: Line) -> None:
        while (started := time.perf_counter()) < sent.started + seconds:
            if await line.send():
                sent.latencies_ms.append((time.perf_counter() - started) * 1000)
            else:
                sent.refused += 1

    await asyncio.gather(*(keep_on(line) for line in lines))
    sent.ended = time.perf_counter()
    return sent


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("inf")


async def _load(arguments: argparse.Namespace) -> Sent:
    body = payload()
    head = request_head(body, arguments.port)
    lines = [Line(arguments.port, head, body, arguments.kept) for _ in range(arguments.connections)]
    try:
        if arguments.rate:
            return await on_a_timetable(lines, arguments.rate, arguments.seconds)
        return await as_fast_as_answered(lines, arguments.seconds)
    finally:
        for line in lines:
            line.close()


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.deliveries", description="Sends signed deliveries.")
    parser.add_argument("port", type=int)
    parser.add_argument("--rate", type=float, default=0.0, help="deliveries per second (default: as many as it can)")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--kept", action="store_true", help="keep connections open between deliveries")
    parser.add_argument("--connections", type=int, default=16)
    print(asyncio.run(_load(parser.parse_args(argv))).as_json())


if __name__ == "__main__":
    main()
