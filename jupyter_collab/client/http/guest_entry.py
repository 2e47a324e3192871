"""Entering by an invitation: its link makes a guest of a person without a login."""

import ssl
from urllib.parse import urlsplit, urlunsplit

import anyio
import httpx

from ...errors import ContentError, NotAMember, ServerUnreachable
from .rest_client import RestClient
from .server_access import SESSION_COOKIE, Secret, Server

__all__ = ["join_by_link"]

PAGE = "collab/join"
ASK_SECONDS = 1.0
"""How often to ask whether one was let in."""


async def join_by_link(
    link: str, name: str, password: str | None, tls: ssl.SSLContext | None, timeout_seconds: float
) -> tuple[Server, str]:
    """Come by an invitation's link, as ``name``; the server as the guest sees it, and the room.

    Raises
    ------
    ContentError
        When this is no such link.
    NotAMember
        When an owner refused, or let nobody in within ``timeout_seconds``.
    CollabError
        What the server has against it: :class:`~jupyter_collab.errors.InviteNotFound` and its like.
    """
    url, token = _parts(link)
    stranger = Server(url, tls=tls, session=Secret(""))
    async with RestClient(stranger) as rest:
        body = {"token": token.reveal(), "name": name, **({} if password is None else {"password": password})}
        response = await rest.request("POST", "join", json=body)
    entry = response.json()
    guest = Server(url, tls=tls, session=_session(response, url))
    if entry["status"] == "waiting":
        await _until_admitted(guest, entry["room"], timeout_seconds)
    return guest, entry["room"]


def _parts(link: str) -> tuple[str, Secret]:
    """The server's base URL, and the token."""
    parts = urlsplit(link)
    base, page, rest = parts.path.rpartition(PAGE)
    if parts.scheme not in ("http", "https") or not page or rest.strip("/") or not parts.fragment:
        raise ContentError("This is no link of an invitation: those end in collab/join#…")
    return urlunsplit((parts.scheme, parts.netloc, base, "", "")), Secret(parts.fragment)


def _session(response: httpx.Response, url: str) -> Secret:
    for name, value in response.cookies.items():
        if name.startswith(SESSION_COOKIE):
            return Secret(f"{name}={value}")
    raise ServerUnreachable(f"{url} let us in, but gave us no session.")


async def _until_admitted(guest: Server, room_id: str, timeout_seconds: float) -> None:
    with anyio.move_on_after(timeout_seconds):
        async with RestClient(guest) as rest:
            while True:
                me = (await rest.request("GET", "me")).json()
                if any(room["id"] == room_id for room in me["rooms"]):
                    return
                if room_id not in me["waiting"]:
                    raise NotAMember("An owner of the room did not let you in.")
                await anyio.sleep(ASK_SECONDS)
    raise NotAMember(f"No owner of the room let you in within {timeout_seconds:g} s; try again later.")
