"""The REST API of who may do what in a room, as ``docs/rest.md`` and ``openapi.yaml`` describe it."""

import csv
import io
import json
import re
from datetime import timedelta
from typing import Any

from jupyter_server.utils import url_path_join

from ..access import Capability, InviteSecrets, Role, UserKind
from ..dangers import link_danger
from ..errors import ContentError, MemberNotFound
from ..names import MAX_SHOWN_CHARACTERS, clean_name
from ..people import InviteWish
from ..store import EventRecord, InviteRecord, MemberRecord
from .body import BodyHandler, whole_number
from .needs import needs
from .rest import iso_time

__all__ = ["MEMBER_ROUTES"]

PRINCIPAL = re.compile(r"(server|account|guest):[^\x00-\x1f\x7f-\x9f]{1,256}")
EXPORTED_EVENTS = 10_000
FORMULA_MARKS = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a cell for a formula."""


class MemberInfoHandler(BodyHandler):
    """Base of handlers that tell of members."""

    def member(self, member: MemberRecord) -> dict[str, Any]:
        """A membership, and the member's state in the room's kernel."""
        return {
            "principal": member.principal,
            "display_name": member.display_name,
            "role": member.role.value,
            "status": member.status,
            "invitation": member.invite_id,
            "added_at": None if member.added_at is None else iso_time(member.added_at),
            "in_kernel": self.services.kernels.has_of(member.room_id, member.principal.__eq__),
        }


class MembersHandler(MemberInfoHandler):
    """``rooms/{id}/members``."""

    @needs(Capability.MANAGE)
    async def get(self, room_id: str) -> None:
        """The members, and the people who wait for approval."""
        members = await self.services.members.list(room_id)
        listed = {member.principal for member in members} | {self.user.principal}

        def is_another(principal: str) -> bool:
            return principal not in listed and not principal.startswith(UserKind.GUEST)

        self.finish(
            {
                "members": [self.member(member) for member in members],
                "others_in_kernel": self.services.kernels.has_of(room_id, is_another),
            }
        )


class MemberHandler(MemberInfoHandler):
    """``rooms/{id}/members/{principal}``."""

    @needs(Capability.MANAGE)
    async def put(self, room_id: str, principal: str) -> None:
        """Give somebody a role, or let in who waits."""
        if not PRINCIPAL.fullmatch(principal):
            raise ContentError("A member is named as server:NAME, account:ID or guest:ID.")
        body = self.json_body("setRole")
        role, name = Role(body["role"]), body.get("display_name")
        if name is not None:
            name = clean_name(name, MAX_SHOWN_CHARACTERS)
            if name is None:
                raise ContentError(
                    f"display_name has 1 to {MAX_SHOWN_CHARACTERS} characters, some of which can be seen, and none "
                    "that controls anything or turns the direction of the writing."
                )
        member = await self.services.members.set_role(room_id, principal, role, self.user, name=name)
        self.finish(self.member(member))

    @needs(Capability.READ)
    async def delete(self, room_id: str, principal: str) -> None:
        """Take one's own place away without asking anybody; another's as who may manage the room."""
        if principal != self.user.principal:
            self.require_role(Capability.MANAGE)
        if not PRINCIPAL.fullmatch(principal):
            raise MemberNotFound("Nobody of that name is a member of this room.")
        await self.services.members.remove(room_id, principal, self.user)
        self.set_status(204)
        self.finish()


class InviteInfoHandler(BodyHandler):
    """Base of handlers that tell of invitations."""

    async def kernels_apart(self) -> bool:
        """Whether the kernels of rooms are kept apart from the server's own user."""
        return (await self.services.kernels.host.specs()).are_apart

    async def finish_with_secrets(self, invite: InviteRecord, made: InviteSecrets) -> None:
        """Answer an invitation with its link and code. Browsers send what is behind the ``#`` to nobody."""
        path = url_path_join(self.base_url, "collab/join") + "#" + made.token
        public = self.services.access.public_url.rstrip("/")
        self.finish(
            {
                **_invite(invite, apart=await self.kernels_apart()),
                "token": made.token,
                "code": made.code,
                "path": path,
                "url": f"{public}{path}" if public else None,
            }
        )


class InvitationsHandler(InviteInfoHandler):
    """``rooms/{id}/invitations``."""

    @needs(Capability.MANAGE)
    async def get(self, room_id: str) -> None:
        """The room's invitations; their links and codes are known to those who made them only."""
        invites = await self.services.invitations.list(room_id)
        apart = await self.kernels_apart()
        self.finish(
            {
                "invitations": [_invite(invite, apart=apart) for invite in invites],
                "guests_allowed": self.services.invitations.guests_allowed,
                "kernels_apart": apart,
            }
        )

    @needs(Capability.MANAGE)
    async def post(self, room_id: str) -> None:
        """Invite: only this response has the link and the code."""
        await self.manager.get_room(room_id)
        body = self.json_body("invite")
        seconds = body.get("expires_in_seconds")
        wish = InviteWish(
            role=Role(body.get("role", Role.VIEWER)),
            lifetime=None if seconds is None else timedelta(seconds=seconds),
            max_uses=body.get("max_uses"),
            password=body.get("password"),
            needs_approval=body.get("needs_approval", False),
        )
        invite, made = await self.services.invitations.invite(room_id, wish, self.user)
        self.set_status(201)
        await self.finish_with_secrets(invite, made)


class InvitationHandler(BodyHandler):
    """``rooms/{id}/invitations/{id}``."""

    @needs(Capability.MANAGE)
    async def delete(self, room_id: str, invite_id: str) -> None:
        """Take an invitation back."""
        remove = self.get_query_argument("remove_members", "false")
        if remove not in ("true", "false"):
            raise ContentError("remove_members must be true or false.")
        await self.services.invitations.revoke(room_id, invite_id, self.user, remove_members=remove == "true")
        self.set_status(204)
        self.finish()


class RotateHandler(InviteInfoHandler):
    """``rooms/{id}/invitations/{id}/rotate``."""

    @needs(Capability.MANAGE)
    async def post(self, room_id: str, invite_id: str) -> None:
        """Another link and another code for an invitation."""
        invite, made = await self.services.invitations.rotate(room_id, invite_id, self.user)
        await self.finish_with_secrets(invite, made)


class AuditHandler(BodyHandler):
    """``rooms/{id}/audit``: the audit log."""

    @needs(Capability.MANAGE)
    async def get(self, room_id: str) -> None:
        """A page of it, newest first, or all of it as a file."""
        people = self.manager.store.people
        wanted = self.get_query_argument("format", "json")
        if wanted == "csv":
            self.set_header("Content-Disposition", f'attachment; filename="{room_id}-audit.csv"')
            self.finish(_csv(await people.events(room_id, EXPORTED_EVENTS)), set_content_type="text/csv; charset=utf-8")
        elif wanted == "json":
            limit = whole_number(self, "limit", 100, 1, 1000)
            before = whole_number(self, "before", 0, 0, 10**9) or None
            self.finish({"events": [_event(found) for found in await people.events(room_id, limit, before)]})
        else:
            raise ContentError("There is no such format; use one of json, csv.")


MEMBER_ROUTES = (
    (r"/rooms/([^/]+)/members", MembersHandler),
    (r"/rooms/([^/]+)/members/([^/]+)", MemberHandler),
    (r"/rooms/([^/]+)/invitations", InvitationsHandler),
    (r"/rooms/([^/]+)/invitations/([^/]+)", InvitationHandler),
    (r"/rooms/([^/]+)/invitations/([^/]+)/rotate", RotateHandler),
    (r"/rooms/([^/]+)/audit", AuditHandler),
)


def _invite(invite: InviteRecord, *, apart: bool) -> dict[str, Any]:
    return {
        "id": invite.id,
        "role": invite.role.value,
        "created_by": invite.created_by_name,
        "created_at": None if invite.created_at is None else iso_time(invite.created_at),
        "expires_at": None if invite.expires_at is None else iso_time(invite.expires_at),
        "max_uses": invite.max_uses,
        "uses": invite.uses,
        "has_password": invite.password_hash is not None,
        "needs_approval": invite.needs_approval,
        "warning": link_danger(invite.role, apart=apart),
    }


def _event(found: EventRecord) -> dict[str, Any]:
    return {
        "id": found.id,
        "at": None if found.at is None else iso_time(found.at),
        "kind": found.kind,
        "principal": found.principal,
        "display_name": found.display_name,
        "details": dict(found.details),
    }


def _csv(events: list[EventRecord]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["id", "at", "kind", "principal", "display_name", "details"])
    for found in events:
        facts = _event(found)
        writer.writerow([_plain(value) for value in (*list(facts.values())[:-1], json.dumps(facts["details"]))])
    return text.getvalue()


def _plain(value: object) -> object:
    """``value`` as no spreadsheet takes it for a formula: people choose their names themselves."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_MARKS) else value
