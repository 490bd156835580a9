"""A way to an engine on which connections break: before a request arrives, or before its answer."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

PIECE = 65_536


class Lossy:
    """Passes bytes on in both directions, and now and then breaks a connection instead.

    A request that is lost was not carried out; one whose answer is lost was.

    Attributes:
        part: how many of the pieces are lost, from 0 to 1.
        lost: connections broken so far.
    """

    def __init__(self, port: int, seed: int) -> None:
        self.part = 0.0
        self.lost = 0
        self._port = port
        self._random = random.Random(seed)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            engine_reader, engine_writer = await asyncio.open_connection("127.0.0.1", self._port)
        except ConnectionError:
            writer.transport.abort()
            return
        ways = [
            asyncio.create_task(self._pass_on(reader, engine_writer)),
            asyncio.create_task(self._pass_on(engine_reader, writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            for end in (writer, engine_writer):
                end.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while piece := await reader.read(PIECE):
                if self._random.random() < self.part:
                    self.lost += 1
                    return
                writer.write(piece)
                await writer.drain()


@asynccontextmanager
async def lossy_way(port: int, seed: int) -> AsyncIterator[tuple[Lossy, int]]:
    """A way to an engine on loopback, and its own port."""
    way = Lossy(port, seed)
    server = await asyncio.start_server(way.serve, "127.0.0.1", 0)
    async with server:
        yield way, server.sockets[0].getsockname()[1]
