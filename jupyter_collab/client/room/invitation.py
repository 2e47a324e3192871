"""Invitations to a room, made from Python."""

from abc import ABC, abstractmethod
from datetime import datetime

from ..http.access_client import AccessClient, InvitationInfo
from ..http.server_access import Secret

__all__ = ["AsyncInvitation", "InvitationView"]


class InvitationView(ABC):
    """What an invitation says of itself. Its ``repr`` holds its warning, and no secret."""

    @property
    @abstractmethod
    def _info(self) -> InvitationInfo:
        """The server's last response."""

    @property
    def id(self) -> str:
        """Names it among those of its room."""
        return self._info.id

    @property
    def link(self) -> str:
        """Its link. Anyone who has it can come in: hand it to nobody else.

        Raises
        ------
        ValueError
            For one that was made elsewhere: links are told once. :meth:`rotate` gives it another one.
        """
        return _reveal(self._info.link, "link")

    @property
    def code(self) -> str:
        """Its short code, to be typed where the link leads to; raises what :attr:`link` does."""
        return _reveal(self._info.code, "code")

    @property
    def role(self) -> str:
        """What it makes of those who come by it."""
        return self._info.role

    @property
    def warning(self) -> str:
        """What those who come by it can do beyond the room; empty if they can only look."""
        return self._info.warning

    @property
    def created_by(self) -> str:
        """The name of who made it."""
        return self._info.created_by

    @property
    def expires_at(self) -> datetime | None:
        """Until when it is good, in UTC; ``None`` for no end."""
        return self._info.expires_at

    @property
    def max_uses(self) -> int | None:
        """How many may come by it; ``None`` for any number."""
        return self._info.max_uses

    @property
    def uses(self) -> int:
        """How many had come by it when the server was asked."""
        return self._info.uses

    @property
    def has_password(self) -> bool:
        """Whether a password is wanted along with it."""
        return self._info.has_password

    @property
    def needs_approval(self) -> bool:
        """Whether an owner lets each one in."""
        return self._info.needs_approval

    def __repr__(self) -> str:
        bound = "" if self.max_uses is None else f" of {self.max_uses}"
        end = "no end" if self.expires_at is None else f"until {self.expires_at.isoformat(timespec='minutes')}"
        words = f"<{type(self).__name__} {self.id}: {self.role}, {end}, {self.uses}{bound} uses>"
        return f"{words} {self.warning}".rstrip()


class AsyncInvitation(InvitationView):
    """An invitation, for use with ``async``; made by :meth:`~.room.AsyncRoom.invite`."""

    def __init__(self, access: AccessClient, info: InvitationInfo) -> None:
        self._access = access
        self._told = info

    @property
    def _info(self) -> InvitationInfo:
        return self._told

    async def rotate(self) -> None:
        """Give it another link and code: the former ones lead nowhere."""
        self._told = await self._access.rotate(self.id)

    async def revoke(self, *, remove_members: bool = False) -> str | None:
        """Take it back, with those who came by it if wished; returns what ``room.remove_member()`` does."""
        return await self._access.revoke(self.id, remove_members=remove_members)


def _reveal(secret: Secret | None, what: str) -> str:
    if secret is None:
        raise ValueError(f"The {what} was shown only to the person who made the invitation; rotate() makes a new one.")
    return secret.reveal()
