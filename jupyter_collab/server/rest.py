"""The REST API of rooms, as ``docs/rest.md`` and ``openapi.yaml`` describe it."""

import re
import secrets
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import TypedDict

from jupyter_server.auth.decorator import allow_unauthenticated

from ..access import Capability, Role, UserKind
from ..document import ContentFormat
from ..errors import ContentChanged, ContentError, PermissionDenied
from ..kernels.blobs import BLOB_TYPE, find_blobs
from ..kernels.exporting import read_blobs
from ..protocol import ConnectedUser
from ..store import OriginKind, Reader, RoomRecord
from .body import LIGHT_BYTES, whole_number
from .conversions import Edited, make_room, merge_content, replace_content, write_file, write_whole_file
from .needs import needs
from .working import WorkingHandler

__all__ = ["REST_ROUTES", "RoomInfoHandler", "iso_time"]

Conversion = Callable[[bytearray, ContentFormat, list[bytes], Collection[str] | None], Edited]

OTHER_MEDIA_TYPES = {
    ContentFormat.IPYNB: ("application/json",),
    ContentFormat.MD: ("text/plain",),
    ContentFormat.PY: ("text/plain", "application/x-python"),
}
"""What a body may be called besides the media type of its format."""


ETAG = re.compile(r'"([^"]*)"')


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
    server_role: str | None
    people: list[ConnectedUser]
    divergences: int


class ImportedRoomInfo(RoomInfo):
    """A room, and what was changed in the content that it was given, a sentence each."""

    changed: list[str]


class RoomInfoHandler(WorkingHandler):
    """Base of handlers that tell of rooms."""

    def info(self, record: RoomRecord, role: Role) -> RoomInfo:
        """``record`` for somebody in ``role``."""
        return {
            "id": record.id,
            "title": record.title,
            "kind": record.kind,
            "epoch": record.epoch,
            "created_at": iso_time(record.created_at),
            "changed_at": iso_time(record.changed_at),
            "deleted_at": None if record.deleted_at is None else iso_time(record.deleted_at),
            "role": role.value,
            "server_role": None if record.server_role is None else record.server_role.value,
            "people": self.manager.people(record.id),
            "divergences": self.manager.divergences(record.id),
        }

    def imported(self, record: RoomRecord, role: Role, changes: list[str]) -> ImportedRoomInfo:
        """``record`` for somebody in ``role`` who has just given its content, in which ``changes`` were made."""
        return {**self.info(record, role), "changed": changes}

    def flag(self, name: str) -> bool:
        """A ``true`` or ``false`` in the query; ``false`` if it is not there."""
        text = self.get_query_argument(name, "false")
        if text not in ("true", "false"):
            raise ContentError(f"{name} must be true or false.")
        return text == "true"


class RoomsHandler(RoomInfoHandler):
    """``rooms``: list and create."""

    @property
    def max_body_bytes(self) -> int:
        """Room for a whole notebook."""
        return self.manager.limits.room_bytes

    @allow_unauthenticated
    async def get(self) -> None:
        """A page of the rooms, last changed first."""
        await self.manager.start()
        user, most = self.user, self.principal.most
        records, total = await self.manager.list_rooms(
            reader=Reader(user.principal, user.is_server_user),
            search=self.get_query_argument("search", ""),
            deleted=self.flag("deleted"),
            limit=whole_number(self, "limit", 100, 1, 1000),
            offset=whole_number(self, "offset", 0, 0, 10**9),
        )
        roles = await self.services.members.roles(records, user, most)
        self.finish(
            {"rooms": [self.info(record, roles[record.id]) for record in records if record.id in roles], "total": total}
        )

    @allow_unauthenticated
    async def post(self) -> None:
        """Make a room."""
        await self.manager.start()
        self._require_maker()
        self.manager.budgets.note_room(self.user)
        body = self.body("application/json")
        is_light = len(body) <= LIGHT_BYTES
        async with self.turn(is_light=is_light):
            new = await self.work(make_room, body, secrets.token_hex(16), content_bytes=len(body), is_light=is_light)
        server_role = self.services.access.new_room_role
        needs_owner = self.user.kind is not UserKind.SERVER or server_role is not Role.OWNER
        record = await self.manager.create_room(
            room_id=new.room_id,
            title=new.title,
            first=new.first,
            server_role=server_role,
            owner=self.user if needs_owner else None,
        )
        await self.services.members.note(record.id, "created", self.user)
        self.set_status(201)
        self.set_header("Location", self.request.path.rstrip("/") + "/" + record.id)
        self.finish(self.imported(record, Role.OWNER, new.changes))

    def _require_maker(self) -> None:
        if not self.services.access.may_create(self.user):
            raise PermissionDenied(
                "You cannot create rooms here; ask the server's administrator, or the person who invited you."
            )
        if not self.principal.most.may(Capability.MANAGE):
            raise PermissionDenied("You may only look at the rooms of this server, not make any.")


class RoomHandler(RoomInfoHandler):
    """``rooms/{id}``: get, rename, delete."""

    @needs(Capability.READ)
    async def get(self, room_id: str) -> None:
        """One room."""
        self.finish(self.info(await self.manager.get_room(room_id), self.role))

    @needs(Capability.MANAGE)
    async def patch(self, room_id: str) -> None:
        """Rename a room, or say what every user of the server is in it."""
        body = self.json_body("renameRoom")
        if "title" in body:
            renamed = await self.manager.rename_room(room_id, body["title"])
            await self.services.members.note(room_id, "renamed", self.user, title=renamed.title)
        if "server_role" in body:
            name = body["server_role"]
            await self.services.members.set_server_role(room_id, None if name is None else Role(name), self.user)
        self.finish(self.info(await self.manager.get_room(room_id), self.role))

    @needs(Capability.MANAGE)
    async def delete(self, room_id: str) -> None:
        """Put a room into the bin, or empty it out of the bin for good."""
        if self.flag("permanent"):
            await self.manager.purge_room(room_id)
        else:
            await self.manager.delete_room(room_id)
            await self.services.members.note(room_id, "deleted", self.user)
        self.set_status(204)
        self.finish()


class RestoreHandler(RoomInfoHandler):
    """``rooms/{id}/restore``."""

    @needs(Capability.MANAGE)
    async def post(self, room_id: str) -> None:
        """Take a room out of the bin."""
        restored = await self.manager.restore_room(room_id)
        await self.services.members.note(room_id, "restored", self.user)
        self.finish(self.info(restored, self.role))


class ContentHandler(RoomInfoHandler):
    """``rooms/{id}/content``: export, import and merge."""

    _version: str | None = None

    @property
    def max_body_bytes(self) -> int:
        """Room for a whole notebook; for two, each as text within JSON, where they are merged."""
        room_bytes = self.manager.limits.room_bytes
        return 3 * room_bytes if self.request.method == "POST" else room_bytes

    def compute_etag(self) -> str | None:
        """The version of the content, whatever it is written as. Called by Tornado when a ``GET`` is answered."""
        return None if self._version is None else f'"{self._version}"'

    @needs(Capability.READ)
    async def get(self, room_id: str) -> None:
        """The content as a file."""
        wanted = self._format()
        async with self.manager.using(room_id) as room:
            is_light = wanted is ContentFormat.IPYNB and room.size_bytes <= LIGHT_BYTES
            async with self.turn(is_light=is_light):
                text, self._version = await self._written(await room.snapshot(), room_id, wanted, is_light=is_light)
        self.set_header("Content-Disposition", f'attachment; filename="{room_id}.{wanted.value}"')
        self.finish(text, set_content_type=wanted.media_type)

    async def _written(
        self, updates: list[bytes], room_id: str, wanted: ContentFormat, *, is_light: bool
    ) -> tuple[bytes, str]:
        """The content as a file, with what the room keeps apart, and its version."""
        blob_type, content_bytes = BLOB_TYPE.encode(), sum(map(len, updates))
        if wanted is ContentFormat.IPYNB and any(blob_type in update for update in updates):
            digests = await self.work(find_blobs, updates, content_bytes=content_bytes, is_light=is_light)
            blobs = await read_blobs(digests, room_id, self.manager.store)
            content_bytes += sum(len(blob.data) for blob in blobs.values())
            return await self.work(write_whole_file, updates, blobs, content_bytes=content_bytes)
        return await self.work(write_file, updates, wanted, content_bytes=content_bytes, is_light=is_light)

    @needs(Capability.EDIT)
    async def put(self, room_id: str) -> None:
        """Set the content, as an edit; with ``If-Match`` only if it is that version."""
        sent = self._format()
        await self._make(replace_content, self.body(sent.media_type, *OTHER_MEDIA_TYPES[sent]), sent, room_id)

    @needs(Capability.EDIT)
    async def post(self, room_id: str) -> None:
        """Do to the content what was done to the ``base`` that somebody read, to make ``content`` of it."""
        await self._make(merge_content, self.body("application/json"), self._format(), room_id)

    async def _make(self, conversion: Conversion, body: bytearray, sent: ContentFormat, room_id: str) -> None:
        edited = await self._edit(conversion, body, sent, room_id)
        if edited.is_refused:
            raise ContentChanged(
                "The room's content is not the version that If-Match names: read it again, or merge with POST."
            )
        if edited.version is not None:
            self.set_header("ETag", f'"{edited.version}"')
        await self.services.members.note(room_id, "imported", self.user, format=sent.value)
        self.finish(self.imported(await self.manager.get_room(room_id), self.role, edited.changes))

    async def _edit(self, conversion: Conversion, body: bytearray, sent: ContentFormat, room_id: str) -> Edited:
        """Make an edit to the room, of a copy of whose document ``conversion`` makes it."""
        versions = self._wanted_versions()

        async def work(updates: list[bytes]) -> Edited:
            content_bytes = len(body) + sum(map(len, updates))
            edited = await self.work(
                conversion, body, sent, updates, versions, content_bytes=content_bytes, is_light=is_light
            )
            if not is_light:
                await self.require(Capability.EDIT, room_id)  # that took a while
            return edited

        async with self.manager.using(room_id) as room:
            is_light = sent is ContentFormat.IPYNB and len(body) + room.size_bytes <= LIGHT_BYTES
            async with self.turn(is_light=is_light):
                reworking = room.edits.rework(work, self.user, OriginKind.IMPORT, is_exact=versions is not None)
                return await self.manager.budgets.measured(self.user, reworking)

    def _wanted_versions(self) -> Collection[str] | None:
        """The versions of which the content must be one; ``None`` if any will do."""
        wanted = self.request.headers.get("If-Match", "*").strip()
        if wanted == "*":
            return None
        # Proxies that compress mark a tag as weak (W/"…"). It names the same content: bytes are not what counts here.
        versions = ETAG.findall(wanted)
        if not versions:
            raise ContentError('If-Match must be an ETag that a GET of the content gave, such as "a1b2".')
        return frozenset(versions)

    def _format(self) -> ContentFormat:
        name = self.get_query_argument("format", ContentFormat.IPYNB.value)
        try:
            return ContentFormat(name)
        except ValueError as error:
            known = ", ".join(known.value for known in ContentFormat)
            raise ContentError(f"There is no such format; use one of {known}.") from error


REST_ROUTES = (
    (r"/rooms", RoomsHandler),
    (r"/rooms/([^/]+)", RoomHandler),
    (r"/rooms/([^/]+)/restore", RestoreHandler),
    (r"/rooms/([^/]+)/content", ContentHandler),
)


def iso_time(moment: datetime) -> str:
    """``moment`` as the API says it, in UTC."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
