"""One scripted person in a room, on either product."""

import asyncio
from time import perf_counter
from typing import Any, TypeVar

from pycrdt import Doc

from .messages import (
    ACK,
    EMPTY_STATE_VECTOR,
    HELLO,
    REJECTION,
    SUBPROTOCOL,
    SYNC_STEP1,
    SYNC_STEP2,
    SYNC_UPDATE,
    ack_count,
    kind,
    read_hello,
    sync,
    sync_payload,
)
from .products import Address
from .websocket import Closed, Receiver, Socket, frame

__all__ = ["Member"]

_T = TypeVar("_T")

_NOTHING = sync(SYNC_STEP2, b"\0\0")


class Member:
    """A connection that has joined: it holds the bytes of its first sync, and can wait for the server to catch up."""

    def __init__(self, address: Address, *, acks: bool = False) -> None:
        self.address = address
        self.acks = acks
        self.socket = Socket(self.receive, address.prefix)
        self.first_sync = b""
        self.join_seconds = 0.0
        self.edits_sent = 0
        self.edits_acked = 0
        self.updates_per_second = 0
        """As many the server lets a client send; 0 where it does not say."""
        self.rejections: list[bytes] = []
        self._step2: asyncio.Future[bytes] | None = None
        self._acked: tuple[int, asyncio.Future[None]] | None = None

    @classmethod
    async def join(
        cls, address: Address, *, acks: bool = False, headers: dict[str, str] | None = None, timeout: float = 120.0
    ) -> "Member":
        """Connect, with the server's token or with ``headers`` of one's own, and take the whole document.

        ``join_seconds`` is the time from opening the connection until the last byte of the first sync is there;
        applying it is the client's own cost, the same for every server, and not in it.

        Raises:
            Closed, Refused, TimeoutError
        """
        member = cls(address, acks=acks)
        headers = {"Authorization": f"token {address.token}"} if headers is None else dict(headers)
        if acks:
            headers["Sec-WebSocket-Protocol"] = SUBPROTOCOL
        start = perf_counter()
        await member.socket.open(address.host, address.port, address.target, headers)
        if address.hello:
            member.socket.write(frame(address.hello))
        arrived = asyncio.get_running_loop().create_future()
        member._step2 = arrived
        member.socket.send(sync(SYNC_STEP1, EMPTY_STATE_VECTOR))
        member.first_sync = await member._wait(arrived, timeout)
        member.join_seconds = perf_counter() - start
        return member

    def document(self, client_id: int | None = None) -> Doc[Any]:
        """A document with the content of the first sync."""
        doc: Doc[Any] = Doc(client_id=client_id) if client_id is not None else Doc()
        doc.apply_update(self.first_sync)
        return doc

    def listen(self, receiver: Receiver) -> None:
        """Give every message to ``receiver`` from now on; it passes on to :meth:`receive` what is not its own."""
        self.socket.receiver = receiver

    def receive(self, message: bytes, at: float) -> None:
        """What a member does with a message when nobody else wants it."""
        what = kind(message)
        if what == SYNC_STEP2:
            if self._step2 is not None and not self._step2.done():
                self._step2.set_result(sync_payload(message))
        elif what == SYNC_STEP1:
            self.edits_sent += 1
            self.socket.send(_NOTHING)
        elif what == ACK:
            self.edits_acked = ack_count(message)
            if self._acked is not None and self.edits_acked >= self._acked[0] and not self._acked[1].done():
                self._acked[1].set_result(None)
        elif what == HELLO:
            self.updates_per_second = read_hello(message)["limits"]["updates_per_second"]
        elif what == REJECTION:
            self.rejections.append(message)

    def edit(self, update: bytes) -> None:
        """Send one Yjs update."""
        self.edits_sent += 1
        self.socket.send(sync(SYNC_UPDATE, update))

    async def settled(self, timeout: float, *, have: bytes = EMPTY_STATE_VECTOR) -> None:
        """Wait until the server has taken everything that was sent.

        That is its answer to a question asked after the edits and, where the server gives them, the acks of all edits.
        ``have`` is the state vector to ask with: what need not be sent.

        Raises:
            Closed: the server hung up, or rejected an edit.
            TimeoutError: not within ``timeout`` seconds.
        """
        loop = asyncio.get_running_loop()
        answer = self._step2 = loop.create_future()
        self.socket.send(sync(SYNC_STEP1, have))
        if self.acks and self.edits_acked < self.edits_sent:
            acked: asyncio.Future[None] = loop.create_future()
            self._acked = (self.edits_sent, acked)
            await self._wait(acked, timeout)
        await self._wait(answer, timeout)
        if self.rejections:
            raise Closed(f"the server rejected an edit: {self.rejections[0]!r}")

    async def _wait(self, future: "asyncio.Future[_T]", timeout: float) -> _T:
        """The future's result, unless the connection ends first."""
        ended = asyncio.ensure_future(self.socket.wait_closed())
        pending: list[asyncio.Future[Any]] = [future, ended]
        try:
            await asyncio.wait(pending, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended.cancel()
        if future.done():
            return future.result()
        if self.socket.closed:
            raise Closed(self.socket.close_reason or "the connection is closed")
        raise TimeoutError(f"no answer within {timeout:.0f} s")

    async def leave(self) -> None:
        await self.socket.close()
