"""The REST API of rooms, as ``docs/rest.md`` and ``openapi.yaml`` describe it."""

from datetime import datetime, timezone
from typing import Any, TypedDict

from tornado.web import authenticated

from ..access import Capability, Role
from ..document import ContentFormat, read_content, write_content
from ..errors import ContentError
from ..protocol import UserInfo
from ..rooms import RoomManager, check_room_id
from ..store import RoomRecord
from .base import CollabAPIHandler
from .body import json_object, text_body, whole_number

__all__ = ["rest_routes"]


class RoomInfo(TypedDict):
    """A room, as JSON."""

    id: str
    title: str
    kind: str
    epoch: str
    created_at: str
    changed_at: str
    deleted_at: str | None
    role: str
    people: list[UserInfo]


class _RoomHandler(CollabAPIHandler):
    def info(self, record: RoomRecord, role: Role) -> RoomInfo:
        """``record`` for somebody in ``role``."""
        return {
            "id": record.id,
            "title": record.title,
            "kind": record.kind,
            "epoch": record.epoch,
            "created_at": _iso(record.created_at),
            "changed_at": _iso(record.changed_at),
            "deleted_at": None if record.deleted_at is None else _iso(record.deleted_at),
            "role": role.value,
            "people": self.manager.people(record.id),
        }

    def flag(self, name: str) -> bool:
        """A ``true`` or ``false`` in the query; ``false`` if it is not there."""
        text = self.get_query_argument(name, "false")
        if text not in ("true", "false"):
            raise ContentError(f"{name} must be true or false.")
        return text == "true"


class RoomsHandler(_RoomHandler):
    """``rooms``: list and create."""

    @authenticated
    async def get(self) -> None:
        """A page of the rooms, last changed first."""
        role = await self.require(Capability.READ)
        records, total = await self.manager.list_rooms(
            search=self.get_query_argument("search", ""),
            deleted=self.flag("deleted"),
            limit=whole_number(self, "limit", 100, 1, 1000),
            offset=whole_number(self, "offset", 0, 0, 10**9),
        )
        self.finish({"rooms": [self.info(record, role) for record in records], "total": total})

    @authenticated
    async def post(self) -> None:
        """Make a room."""
        role = await self.require(Capability.MANAGE)
        body = json_object(self, "id", "title", "content")
        record = await self.manager.create_room(
            room_id=_optional(body, "id", str),
            title=_optional(body, "title", str),
            content=_optional(body, "content", dict),
        )
        self.set_status(201)
        self.set_header("Location", self.request.path.rstrip("/") + "/" + record.id)
        self.finish(self.info(record, role))


class RoomHandler(_RoomHandler):
    """``rooms/{id}``: get, rename, delete."""

    @authenticated
    async def get(self, room_id: str) -> None:
        """One room."""
        role = await self.require(Capability.READ)
        self.finish(self.info(await self.manager.get_room(room_id), role))

    @authenticated
    async def patch(self, room_id: str) -> None:
        """Rename a room."""
        role = await self.require(Capability.MANAGE)
        check_room_id(room_id)
        title = _optional(json_object(self, "title"), "title", str)
        if title is None:
            raise ContentError("Give the new title.")
        self.finish(self.info(await self.manager.rename_room(room_id, title), role))

    @authenticated
    async def delete(self, room_id: str) -> None:
        """Put a room into the bin, or empty it out of the bin for good."""
        await self.require(Capability.MANAGE)
        if self.flag("permanent"):
            await self.manager.purge_room(room_id)
        else:
            await self.manager.delete_room(room_id)
        self.set_status(204)
        self.finish()


class RestoreHandler(_RoomHandler):
    """``rooms/{id}/restore``."""

    @authenticated
    async def post(self, room_id: str) -> None:
        """Take a room out of the bin."""
        role = await self.require(Capability.MANAGE)
        self.finish(self.info(await self.manager.restore_room(room_id), role))


class ContentHandler(_RoomHandler):
    """``rooms/{id}/content``: export and import."""

    @authenticated
    async def get(self, room_id: str) -> None:
        """The content as a file."""
        await self.require(Capability.READ)
        wanted = self._format()
        document = await self.manager.read(room_id)
        self.set_header("Content-Disposition", f'attachment; filename="{room_id}.{wanted.value}"')
        self.finish(write_content(document, wanted), set_content_type=wanted.media_type)

    @authenticated
    async def put(self, room_id: str) -> None:
        """Set the content, as an edit."""
        role = await self.require(Capability.EDIT)
        check_room_id(room_id)
        sent = self._format()
        content = read_content(text_body(self, sent.media_type, "application/json", "text/plain"), sent)
        record = await self.manager.edit(room_id, lambda document: document.set_content(content), self.user)
        self.finish(self.info(record, role))

    def _format(self) -> ContentFormat:
        name = self.get_query_argument("format", ContentFormat.IPYNB.value)
        try:
            return ContentFormat(name)
        except ValueError as error:
            known = ", ".join(known.value for known in ContentFormat)
            raise ContentError(f"There is no such format; use one of {known}.") from error


def rest_routes(manager: RoomManager) -> list[tuple[str, type[CollabAPIHandler], dict[str, Any]]]:
    """The routes of the REST API."""
    options = {"manager": manager}
    return [
        (r"/api/collab/rooms", RoomsHandler, options),
        (r"/api/collab/rooms/([^/]+)", RoomHandler, options),
        (r"/api/collab/rooms/([^/]+)/restore", RestoreHandler, options),
        (r"/api/collab/rooms/([^/]+)/content", ContentHandler, options),
    ]


def _optional(body: dict[str, Any], name: str, kind: type) -> Any:
    value = body.get(name)
    if value is not None and not isinstance(value, kind):
        raise ContentError(f"{name} must be {'text' if kind is str else 'a notebook, as JSON (nbformat 4)'}.")
    return value


def _iso(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
