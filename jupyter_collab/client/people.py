"""Who may do what in a room, over REST: members, invitations, what was done. All needs the capability ``manage``."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urljoin

from ..spans import seconds_of
from .connection import Role
from .rest import RestClient
from .server import Secret

__all__ = ["InvitationInfo", "Member", "PeopleClient", "RoomEvent"]


@dataclass(frozen=True)
class Member:
    """Somebody who has a place in a room or, with the status ``waiting``, asks for one.

    Attributes
    ----------
    principal
        Names them: ``server:NAME``, ``account:ID`` or ``guest:ID``.
    invitation
        The id of the invitation that they came by, if any.
    """

    principal: str
    name: str
    role: str
    status: str
    invitation: str | None
    added_at: datetime | None

    @property
    def is_guest(self) -> bool:
        """Whether they chose their name themselves, and nobody vouches for it."""
        return self.principal.startswith("guest:")


@dataclass(frozen=True)
class RoomEvent:
    """Something that was done in a room, and by whom; ``id`` counts a room's events from 1."""

    id: int
    at: datetime | None
    kind: str
    principal: str
    name: str
    details: Mapping[str, Any]


@dataclass(frozen=True)
class InvitationInfo:
    """An invitation, as the server describes it. ``link`` and ``code`` are told to who made it only."""

    id: str
    role: str
    created_by: str
    expires_at: datetime | None
    max_uses: int | None
    uses: int
    has_password: bool
    needs_approval: bool
    link: Secret | None = None
    code: Secret | None = None


class PeopleClient:
    """The people of one room. Every method raises what those of :class:`~.rest.RestClient` do."""

    def __init__(self, rest: RestClient, room_id: str) -> None:
        self._rest = rest
        self._path = f"rooms/{quote(room_id, safe='')}"

    async def members(self) -> list[Member]:
        """Who was given a place, and who waits for one, by name."""
        members = (await self._get("members"))["members"]
        return [
            Member(
                principal=member["principal"],
                name=member["display_name"],
                role=member["role"],
                status=member["status"],
                invitation=member["invite"],
                added_at=_moment(member["added_at"]),
            )
            for member in members
        ]

    async def set_role(self, principal: str, role: Role) -> None:
        """Give somebody a role, or let in who waits; a name alone is that of a user of the server."""
        await self._rest.request("PUT", self._member(principal), json={"role": role})

    async def remove(self, principal: str) -> None:
        """Take somebody's place away, or refuse who waits."""
        await self._rest.request("DELETE", self._member(principal))

    async def invitations(self) -> list[InvitationInfo]:
        """The invitations that were not taken back, newest first."""
        return [self._invitation(fields) for fields in (await self._get("invites"))["invites"]]

    async def invite(
        self,
        role: Role,
        expires: str | timedelta | None,
        uses: int | None,
        password: str | None,
        approval: bool,
    ) -> InvitationInfo:
        """A new invitation, with its link and code."""
        wish = {
            "role": role,
            "expires_in_seconds": seconds_of(expires),
            "max_uses": uses,
            "password": password,
            "needs_approval": approval,
        }
        response = await self._rest.request("POST", f"{self._path}/invites", json=wish)
        return self._invitation(response.json())

    async def rotate(self, invitation: str) -> InvitationInfo:
        """Another link and code for an invitation: the former ones lead nowhere."""
        response = await self._rest.request("POST", f"{self._path}/invites/{quote(invitation, safe='')}/rotate")
        return self._invitation(response.json())

    async def revoke(self, invitation: str, *, remove_members: bool) -> None:
        """Take an invitation back and, if wished, the places of those who came by it."""
        path = f"{self._path}/invites/{quote(invitation, safe='')}"
        await self._rest.request("DELETE", path, params={"remove_members": str(remove_members).lower()})

    async def events(self, limit: int, before: int | None) -> list[RoomEvent]:
        """What was done (the events with an id less than ``before``), newest first."""
        query = {"limit": limit} | ({} if before is None else {"before": before})
        events = (await self._get("events", params=query))["events"]
        return [
            RoomEvent(
                id=event["id"],
                at=_moment(event["at"]),
                kind=event["kind"],
                principal=event["principal"],
                name=event["display_name"],
                details=event["details"],
            )
            for event in events
        ]

    async def _get(self, path: str, **arguments: Any) -> dict[str, Any]:
        body: dict[str, Any] = (await self._rest.request("GET", f"{self._path}/{path}", **arguments)).json()
        return body

    def _member(self, principal: str) -> str:
        whole = principal if ":" in principal else f"server:{principal}"
        return f"{self._path}/members/{quote(whole, safe='')}"

    def _invitation(self, fields: Mapping[str, Any]) -> InvitationInfo:
        link = Secret(urljoin(self._rest.server.url, fields["path"])) if "path" in fields else None
        return InvitationInfo(
            id=fields["id"],
            role=fields["role"],
            created_by=fields["created_by"],
            expires_at=_moment(fields["expires_at"]),
            max_uses=fields["max_uses"],
            uses=fields["uses"],
            has_password=fields["has_password"],
            needs_approval=fields["needs_approval"],
            link=link,
            code=Secret(fields["code"]) if "code" in fields else None,
        )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
