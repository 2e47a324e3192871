"""Members, invitations and the audit log of a room, over REST. All need the capability ``manage``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import quote, urljoin

from ...roles import Capability, Role, RoleName
from ...spans import seconds_of
from .rest_client import RestClient
from .server_access import Secret

__all__ = ["AccessClient", "InvitationInfo", "Member", "RoomEvent"]


InKernel = Literal["nothing", "ran", "running"]

GOES_ON = {
    "running": "A cell that they started still runs: room.kernel.interrupt() or room.kernel.restart() ends it.",
    "ran": "What they ran may go on in the room's kernel: room.kernel.restart() ends it.",
}
"""What to know of those who may not run any more, by what the kernel has of them."""


@dataclass(frozen=True)
class Member:
    """A member of a room or, with the status ``waiting``, somebody who asks to be one.

    Attributes
    ----------
    principal
        Names them: ``server:NAME``, ``account:ID`` or ``guest:ID``.
    invitation
        The id of the invitation that they came by, if any.
    in_kernel
        What the room's kernel has of them: a cell that runs, or what is left of cells that ``ran``.
    """

    principal: str
    name: str
    role: str
    status: str
    invitation: str | None
    added_at: datetime | None
    in_kernel: InKernel

    @property
    def is_guest(self) -> bool:
        """Whether the person is a guest, who chose the name themselves."""
        return self.principal.startswith("guest:")


@dataclass(frozen=True)
class RoomEvent:
    """One action in a room, with its author; ``id`` counts a room's events from 1."""

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
    warning: str
    link: Secret | None = None
    code: Secret | None = None


class AccessClient:
    """The people of one room. Every method raises what those of :class:`~.rest.RestClient` do."""

    def __init__(self, rest: RestClient, room_id: str) -> None:
        self._rest = rest
        self._path = f"rooms/{quote(room_id, safe='')}"

    async def members(self) -> list[Member]:
        """The members of the room, and those who wait to be let in, by name."""
        members = (await self._get("members"))["members"]
        return [
            Member(
                principal=member["principal"],
                name=member["display_name"],
                role=member["role"],
                status=member["status"],
                invitation=member["invitation"],
                added_at=_moment(member["added_at"]),
                in_kernel=member["in_kernel"],
            )
            for member in members
        ]

    async def set_role(self, principal: str, role: RoleName) -> str | None:
        """Give somebody a role, or let in who waits; a name alone is that of a user of the server.

        Returns what goes on in the kernel of somebody who may not run any more, and how to end it, if anything does.
        """
        whole = _whole(principal)
        response = await self._rest.request("PUT", self._member(whole), json={"role": role})
        return None if Role(role).may(Capability.RUN) else GOES_ON.get(response.json()["in_kernel"])

    async def remove_member(self, principal: str) -> str | None:
        """Remove a member, or refuse a waiting person; returns what :meth:`set_role` does."""
        whole = _whole(principal)
        hint = await self._goes_on(lambda member: member.principal == whole)
        await self._rest.request("DELETE", self._member(whole))
        return hint

    async def _goes_on(self, is_meant: Callable[[Member], bool]) -> str | None:
        found = {member.in_kernel for member in await self.members() if is_meant(member)}
        return next((hint for left, hint in GOES_ON.items() if left in found), None)

    async def invitations(self) -> list[InvitationInfo]:
        """The invitations that were not taken back, newest first."""
        return [self._invitation(fields) for fields in (await self._get("invitations"))["invitations"]]

    async def invite(
        self,
        role: RoleName,
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
        response = await self._rest.request("POST", f"{self._path}/invitations", json=wish)
        return self._invitation(response.json())

    async def rotate(self, invitation: str) -> InvitationInfo:
        """Another link and code for an invitation: the former ones lead nowhere."""
        response = await self._rest.request("POST", f"{self._path}/invitations/{quote(invitation, safe='')}/rotate")
        return self._invitation(response.json())

    async def revoke(self, invitation: str, *, remove_members: bool) -> str | None:
        """Take an invitation back, with those who came by it if wished; returns what :meth:`remove_member` does."""
        hint = await self._goes_on(lambda member: member.invitation == invitation) if remove_members else None
        path = f"{self._path}/invitations/{quote(invitation, safe='')}"
        await self._rest.request("DELETE", path, params={"remove_members": str(remove_members).lower()})
        return hint

    async def audit(self, limit: int, before: int | None) -> list[RoomEvent]:
        """The audit log (the events with an id less than ``before``), newest first."""
        query = {"limit": limit} | ({} if before is None else {"before": before})
        events = (await self._get("audit", params=query))["events"]
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

    def _member(self, whole: str) -> str:
        return f"{self._path}/members/{quote(whole, safe='')}"

    def _invitation(self, fields: Mapping[str, Any]) -> InvitationInfo:
        link = None
        if "path" in fields:
            link = Secret(fields["url"] or urljoin(self._rest.server.url, fields["path"]))
        return InvitationInfo(
            id=fields["id"],
            role=fields["role"],
            created_by=fields["created_by"],
            expires_at=_moment(fields["expires_at"]),
            max_uses=fields["max_uses"],
            uses=fields["uses"],
            has_password=fields["has_password"],
            needs_approval=fields["needs_approval"],
            warning=fields["warning"],
            link=link,
            code=Secret(fields["code"]) if "code" in fields else None,
        )


def _whole(principal: str) -> str:
    return principal if ":" in principal else f"server:{principal}"


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
