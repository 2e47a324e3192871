"""The REST API (``docs/rest.md``) as functions: one HTTP request each, errors of the server as exceptions."""

import json
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Literal, TypedDict
from urllib.parse import quote

import httpx

from ...errors import CollabError, NotSignedIn, RoomExists, RoomNotFound, ServerUnreachable
from ...protocol import ConnectedUser
from .refusal import error_of_reason
from .server_access import Server

__all__ = ["ContentFormat", "ImportedRoomInfo", "RestClient", "RoomInfo", "RoomList"]

ContentFormat = Literal["ipynb", "md", "py"]

CONTENT_TYPES: dict[ContentFormat, str] = {
    "ipynb": "application/x-ipynb+json",
    "md": "text/markdown",
    "py": "text/x-python",
}

REQUEST_SECONDS = 60.0


class RoomInfo(TypedDict):
    """A room, as the server describes it. Times are ISO 8601 in UTC; ``people`` are those connected now."""

    id: str
    title: str
    kind: Literal["note", "notebook"]
    epoch: str
    created_at: str
    changed_at: str
    deleted_at: str | None
    role: str
    server_role: str | None
    people: list[ConnectedUser]


class ImportedRoomInfo(RoomInfo):
    """A room, and what was changed in the content that it was given, a sentence each."""

    changed: list[str]


class RoomList(TypedDict):
    """One page of the list of rooms; ``total`` counts those of all pages."""

    rooms: list[RoomInfo]
    total: int


class RestClient:
    """The rooms of one server. An async context manager.

    Every method raises the :class:`~jupyter_collab.errors.CollabError` that the server named,
    :class:`~.errors.NotSignedIn` when it does not accept the token, and :class:`~.errors.ServerUnreachable` when
    it does not answer.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self._http = server.http(REQUEST_SECONDS)

    async def list_rooms(
        self, *, search: str = "", deleted: bool = False, limit: int = 100, offset: int = 0
    ) -> RoomList:
        """Rooms whose title or id holds ``search``, the last changed first; or those in the bin."""
        query = {"search": search, "deleted": str(deleted).lower(), "limit": limit, "offset": offset}
        rooms: RoomList = (await self.request("GET", "rooms", params=query)).json()
        return rooms

    async def create_room(
        self, room_id: str | None = None, *, title: str | None = None, content: Mapping[str, Any] | None = None
    ) -> ImportedRoomInfo:
        """Make a room, by default with one empty code cell; ``content`` is a notebook, as JSON."""
        fields = {"id": room_id, "title": title, "content": content}
        body = {name: value for name, value in fields.items() if value is not None}
        text = json.dumps(body).encode()  # httpx would refuse NaN, which is in some notebooks
        return await self._imported("POST", "rooms", content=text, headers={"Content-Type": "application/json"})

    async def ensure_room(self, room_id: str) -> RoomInfo:
        """The room of this id, made if there is none."""
        try:
            return await self.get_room(room_id)
        except RoomNotFound:
            try:
                return await self.create_room(room_id)
            except RoomExists:  # somebody made it meanwhile, or it lies in the bin
                return await self.get_room(room_id)

    async def get_room(self, room_id: str) -> RoomInfo:
        """One room."""
        return await self._room("GET", _path(room_id))

    async def rename_room(self, room_id: str, title: str) -> RoomInfo:
        """Give a room another title."""
        return await self._room("PATCH", _path(room_id), json={"title": title})

    async def delete_room(self, room_id: str, *, permanent: bool = False) -> None:
        """Put a room into the bin; with ``permanent``, remove one that lies there for good."""
        await self.request("DELETE", _path(room_id), params={"permanent": "true"} if permanent else {})

    async def restore_room(self, room_id: str) -> RoomInfo:
        """Take a room out of the bin."""
        return await self._room("POST", f"{_path(room_id)}/restore")

    async def export_content(self, room_id: str, content_format: ContentFormat = "ipynb") -> str:
        """The room's content as the text of a file."""
        response = await self.request("GET", f"{_path(room_id)}/content", params={"format": content_format})
        return response.content.decode()

    async def import_content(
        self, room_id: str, content: str, content_format: ContentFormat = "ipynb"
    ) -> ImportedRoomInfo:
        """Make the room hold ``content``, the text of a file, and replace what others did since it was read."""
        return await self._imported(
            "PUT",
            f"{_path(room_id)}/content",
            params={"format": content_format},
            content=content.encode(),
            headers={"Content-Type": CONTENT_TYPES[content_format]},
        )

    async def merge_content(
        self, room_id: str, base: str, content: str, content_format: ContentFormat = "ipynb"
    ) -> ImportedRoomInfo:
        """Do to the room what was done to ``base``, the text of a file that was exported, to make ``content`` of it."""
        body = {"base": base, "content": content}
        return await self._imported("POST", f"{_path(room_id)}/content", params={"format": content_format}, json=body)

    async def close(self) -> None:
        """Close the connections that are kept open."""
        await self._http.aclose()

    async def _room(self, method: str, path: str, **arguments: Any) -> RoomInfo:
        room: RoomInfo = (await self.request(method, path, **arguments)).json()
        return room

    async def _imported(self, method: str, path: str, **arguments: Any) -> ImportedRoomInfo:
        room: ImportedRoomInfo = (await self.request(method, path, **arguments)).json()
        return room

    async def request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """Ask for a path of the API; an answer that is a refusal is raised."""
        try:
            response = await self._http.request(method, self.server.api_url(path), **arguments)
        except httpx.HTTPError as error:
            raise ServerUnreachable(f"{self.server.url} does not respond ({type(error).__name__}).") from error
        if not response.is_success:
            raise _error_of(response, self.server)
        return response

    async def __aenter__(self) -> "RestClient":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def _path(room_id: str) -> str:
    return f"rooms/{quote(room_id, safe='')}"


def _error_of(response: httpx.Response, server: Server) -> CollabError:
    """The error that the server's answer tells of."""
    try:
        body = response.json()
    except ValueError:
        body = None
    match body:
        case {"reason": str(reason), "message": str(message)}:
            return error_of_reason(reason, message)
        case _ if response.status_code in (401, 403) or response.is_redirect:
            return NotSignedIn(f"{server.url} does not accept the token.")
        case _:
            return ServerUnreachable(f"{server.url} responds with status {response.status_code}.")
