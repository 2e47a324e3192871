"""Handshakes written by hand: any path, any header, and no client library that tidies them up."""

import asyncio
import base64
import contextlib
import os
import re

from ..servers import RunningServer

__all__ = ["handshake"]

ANSWER_SECONDS = 20


async def handshake(
    server: RunningServer, target: str, *, token: bool = True, **headers: str
) -> tuple[int, int | None]:
    """Ask for ``target`` (as it stands in the request line, below the base URL) as a websocket.

    Answers the HTTP status and, if the handshake succeeded, the code with which the server closed the connection at
    once. In names of headers ``_`` stands for ``-``.
    """
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if token:
        sent |= server.headers
    return await asyncio.wait_for(_exchange(server, target, sent), ANSWER_SECONDS)


async def _exchange(server: RunningServer, target: str, headers: dict[str, str]) -> tuple[int, int | None]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        lines = [
            f"GET /{target} HTTP/1.1",
            f"Host: 127.0.0.1:{server.port}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        head = await reader.readuntil(b"\r\n\r\n")
        match = re.match(rb"HTTP/1.1 (\d+)", head)
        assert match is not None
        status = int(match[1])
        return status, await _close_code(reader) if status == 101 else None
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def _close_code(reader: asyncio.StreamReader) -> int:
    """The code of the close frame that is the server's first word."""
    opcode, length = await reader.readexactly(2)
    assert opcode == 0x88, "the server says something before it closes"
    return int.from_bytes((await reader.readexactly(length))[:2], "big")
