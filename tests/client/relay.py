"""A network that a test can cut: a TCP relay on 127.0.0.1 to a server there."""

import asyncio
import contextlib

from jupyter_collab.client.blocking.loop import BackgroundLoop
from tests.servers import find_port

__all__ = ["Relay"]


class Relay:
    """Passes connections on to ``port``, on an event loop in a thread of its own. A context manager."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._loop = BackgroundLoop()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = find_port()

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"http://127.0.0.1:{self.port}/"

    def join(self) -> None:
        """The network works."""
        self._loop.wait(self._start)

    def cut(self) -> None:
        """The network is gone, in the middle of whatever it carried."""
        self._loop.wait(self._stop)

    async def _start(self) -> None:
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", self.port)

    async def _stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in self._writers:
            writer.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers.add(there_writer)
        if writer.is_closing() or self._server is None:  # cut meanwhile
            there_writer.transport.abort()
            writer.transport.abort()
        await asyncio.gather(_copy(reader, there_writer), _copy(there_reader, writer))
        self._writers -= {writer, there_writer}

    def __enter__(self) -> "Relay":
        self.join()
        return self

    def __exit__(self, *error: object) -> None:
        self.cut()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):  # the other end is gone, or the network was cut
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.transport.abort()
