"""How one comes into a room: with a login of its server, or by the link of an invitation."""

import ssl
from collections.abc import Callable, Coroutine, Generator
from types import TracebackType
from typing import Any

from ...roles import RoleName
from ..http.discovery import find_server
from ..http.guest_entry import join_by_link
from ..http.room_address import RoomAddress
from ..http.server_access import Server
from ..replica.backoff import Backoff
from ..replica.room_core import RoomCore
from .async_room import AsyncRoom

__all__ = ["JOIN_SECONDS", "Entry", "connect_async", "join_async"]

JOIN_SECONDS = 30.0


class Entry:
    """A room that one is about to enter: ``await`` it, or use it with ``async with``."""

    def __init__(self, enter: Callable[[], Coroutine[Any, Any, AsyncRoom]]) -> None:
        self._enter = enter
        self._room: AsyncRoom | None = None

    def __await__(self) -> Generator[Any, None, AsyncRoom]:
        return self._enter().__await__()

    async def __aenter__(self) -> AsyncRoom:
        self._room = await self
        return self._room

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._room is not None:
            await self._room.__aexit__(kind, error, trace)


def connect_async(
    room: str,
    url: str | None = None,
    token: str | None = None,
    *,
    create: bool = False,
    role: RoleName | None = None,
    visible: bool = True,
    timeout: float = JOIN_SECONDS,
    tls: ssl.SSLContext | None = None,
    backoff: Backoff | None = None,
) -> Entry:
    """Enter a room: ``async with connect_async("demo") as room`` or ``room = await connect_async("demo")``.

    Parameters
    ----------
    room
        Its id, or its address: any that *Copy link* gives, or that the browser shows while the room is open.
    url, token
        The Jupyter server; by default that of the room's address, else the one that Jupyter tools would find from here.
    create
        Make the room if there is none.
    role
        Ask for less than what the server grants: ``viewer``, ``runner``, ``writer`` or ``editor``.
    visible
        Whether the others see this program among the people. The server's list of rooms names it all the same, as
        not visible.
    timeout
        How long to wait for the room's content, in seconds.
    tls
        How to check an ``https`` server's certificate.
    backoff
        How long to wait between attempts to come back.

    Raises
    ------
    ServerNotFound, ServerUnreachable, NotSignedIn
        When there is no server to talk to.
    RoomNotFound
        When there is no such room.
    CollabError
        For anything else that the server has against it.
    ValueError
        When there is no such role, or ``room`` is an address that leads to no room.
    """

    async def enter() -> AsyncRoom:
        address = RoomAddress.parse(room)
        server = await find_server(url or address.server, token, tls)
        return await _opened(server, address.room, role, backoff, visible, timeout, create=create)

    return Entry(enter)


def join_async(
    link: str,
    name: str,
    *,
    password: str | None = None,
    role: RoleName | None = None,
    visible: bool = True,
    timeout: float = JOIN_SECONDS,
    tls: ssl.SSLContext | None = None,
    backoff: Backoff | None = None,
) -> Entry:
    """Enter a room as a guest: ``async with join_async(link, "Ada") as room`` or ``room = await join_async(...)``.

    Parameters
    ----------
    link
        The link of an invitation, as ``invite()`` returns it.
    name
        Your name, as the others see it.
    password
        The invitation's password, if it has one.
    role, visible, tls, backoff
        As those of :func:`connect_async`.
    timeout
        How long to wait for the room's content, in seconds; and, where an owner lets each one in, for that.

    Raises
    ------
    NotAMember
        When an owner refused, or let nobody in within ``timeout`` seconds.
    InviteRefused
        When the invitation leads nowhere, or the password is not the right one.
    ContentError
        When this is no such link.
    CollabError
        For anything else that the server has against it.
    """

    async def enter() -> AsyncRoom:
        guest, room_id = await join_by_link(link, name, password, tls, timeout)
        return await _opened(guest, room_id, role, backoff, visible, timeout, create=False)

    return Entry(enter)


async def _opened(
    server: Server,
    room_id: str,
    role: RoleName | None,
    backoff: Backoff | None,
    visible: bool,
    timeout_seconds: float,
    *,
    create: bool,
) -> AsyncRoom:
    core = RoomCore(server, room_id, role, backoff, visible)
    try:
        if create:
            await core.rest.ensure_room(room_id)
        await core.open(timeout_seconds)
    except BaseException:
        await core.rest.close()
        raise
    return AsyncRoom(core)
