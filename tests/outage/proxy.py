"""A network that fails: what stands between the application and one of its stores."""

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit


class Proxy:
    """Carries bytes to a server, until it is cut or made to stall.

    Args:
        url: The server's address; `url` is the same with the proxy's port.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        self._target = (parts.hostname, parts.port)
        self._parts = parts
        self._port = 0
        self._server: asyncio.Server | None = None
        self._flows: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()

    @property
    def url(self) -> str:
        """The address to give to the application."""
        credentials, at, _ = self._parts.netloc.rpartition("@")
        return self._parts._replace(netloc=f"{credentials}{at}127.0.0.1:{self._port}").geturl()

    async def open(self) -> None:
        """Carry, at the same port as before."""
        self._flowing.set()
        if self._server is None:
            self._server = await asyncio.start_server(self._carry, "127.0.0.1", self._port)
            self._port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Break every connection, and refuse new ones."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for flow in self._flows:
            flow.cancel()
        await asyncio.gather(*self._flows, return_exceptions=True)

    async def stall(self) -> None:
        """Keep every connection and accept new ones, and carry nothing."""
        self._flowing.clear()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(*self._target)
        flows = [
            asyncio.create_task(self._flow(reader, there_writer)),
            asyncio.create_task(self._flow(there_reader, writer)),
        ]
        self._flows.update(flows)
        try:
            await asyncio.wait(flows, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for flow in flows:
                flow.cancel()
            self._flows.difference_update(flows)
            writer.close()
            there_writer.close()

    async def _flow(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                await self._flowing.wait()
                writer.write(data)
                await writer.drain()
