"""TLS before a server that has none: the embedded PostgreSQL and Valkey are built without."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

# PostgreSQL's SSLRequest: its length, then a number that no protocol version has.
_SSL_REQUEST = bytes.fromhex("0000000804d2162f")


@asynccontextmanager
async def tls_before(
    port: int, context: ssl.SSLContext, *, asks_first: bool = False
) -> AsyncIterator[int]:
    """The port of a proxy on 127.0.0.1 that ends TLS for the one given.

    Args:
        port: Of the server without TLS, on 127.0.0.1.
        context: With the certificate.
        asks_first: Whether clients ask for TLS in clear text, as PostgreSQL's do.
    """
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        # A cancelled handler would be reported by the server that started it.
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            if asks_first:
                assert await reader.readexactly(8) == _SSL_REQUEST
                writer.write(b"S")
                await writer.start_tls(context)
            inner, outer = await asyncio.open_connection("127.0.0.1", port)
            await asyncio.gather(_carry(reader, outer), _carry(inner, writer))
        writer.close()
        tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=None if asks_first else context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()
