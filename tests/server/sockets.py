"""Websockets of people in rooms, for tests of the server."""

import contextlib
from collections.abc import Callable
from typing import Any

from tornado.websocket import WebSocketClientConnection

from jupyter_collab.errors import RoomExists
from jupyter_collab.protocol import Message, parse
from jupyter_collab.rooms import RoomManager

__all__ = ["Connect", "Socket", "make_demo"]

Connect = Callable[..., Any]


class Socket:
    """A connection to a room that only listens."""

    def __init__(self, connection: WebSocketClientConnection) -> None:
        self.connection = connection

    async def receive(self) -> Message | None:
        """The next message; ``None`` when the connection has ended."""
        data = await self.connection.read_message()
        return None if data is None else parse(data)  # type: ignore[arg-type]  # the server sends bytes

    async def next(self, kind: type[Message]) -> Any:
        """The next message of that kind."""
        while not isinstance(message := await self.receive(), kind):
            assert message is not None, self.connection.close_reason
        return message

    async def end(self) -> tuple[int | None, str]:
        """How the server ends the connection; what it says before is dropped."""
        while await self.receive() is not None:
            pass
        return self.connection.close_code, (self.connection.close_reason or "").partition(":")[0]


async def make_demo(manager: RoomManager) -> None:
    """Make the room that these tests are about, if it is not there."""
    await manager.start()
    with contextlib.suppress(RoomExists):
        await manager.create_room(room_id="demo")
