"""Closed-loop load: so many connections, each asking again as soon as it is answered."""

import asyncio
import time
from dataclasses import dataclass, field

import orjson

from bench.client import HttpConnection
from bench.scenarios import Requests, Scenario
from bench.servers import Server

_ERRORS = b'"errors":[{'


@dataclass(slots=True)
class Figures:
    """What was measured of one server in one scenario, over all its rounds.

    Attributes:
        seconds: Of measuring.
        cpu: Seconds of the server's process.
        latencies: Seconds, one for each answer.
    """

    seconds: float = 0.0
    cpu: float = 0.0
    latencies: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.latencies) / self.seconds

    @property
    def cpu_each(self) -> float:
        """Seconds of CPU for each answer."""
        return self.cpu / len(self.latencies)

    def quantile(self, share: float) -> float:
        """The latency, in seconds, that this share of the answers stayed under."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def compare(
    scenario: Scenario,
    servers: tuple[Server, Server],
    *,
    connections: int,
    rounds: int,
    seconds: float,
) -> tuple[Figures, Figures]:
    """Both servers' figures, in rounds that take turns, so that noise hits both."""
    requests = scenario.api(), scenario.by_hand()
    answers = [await _ask(s, r) for s, r in zip(servers, requests, strict=True)]
    if not scenario.writes and answers[0] != answers[1]:
        raise AssertionError(f"{scenario.name}: the two servers answer differently: {answers}")
    figures = Figures(), Figures()
    for server, asked in zip(servers, requests, strict=True):
        await _round(server, asked, Figures(), connections=connections, seconds=seconds / 4)
    for _ in range(rounds):
        for server, asked, found in zip(servers, requests, figures, strict=True):
            await _round(server, asked, found, connections=connections, seconds=seconds)
    return figures


async def _ask(server: Server, requests: Requests) -> object:
    connection = await HttpConnection.open(server.port)
    answer = await connection.send(next(requests))
    connection.close()
    return orjson.loads(answer)


async def _round(
    server: Server, requests: Requests, figures: Figures, *, connections: int, seconds: float
) -> None:
    opened = [await HttpConnection.open(server.port) for _ in range(connections)]
    cpu, began = server.cpu_seconds(), time.perf_counter()
    end = began + seconds

    async def ask(connection: HttpConnection) -> None:
        sent = time.perf_counter()
        while sent < end:
            answer = await connection.send(next(requests))
            if _ERRORS in answer:
                raise AssertionError(f"{server.name}: {answer!r}")
            now = time.perf_counter()
            figures.latencies.append(now - sent)
            sent = now

    await asyncio.gather(*map(ask, opened))
    figures.seconds += time.perf_counter() - began
    figures.cpu += server.cpu_seconds() - cpu
    for connection in opened:
        connection.close()
