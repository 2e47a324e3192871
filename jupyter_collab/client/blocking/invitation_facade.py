"""Invitations to a room, for programs without ``async``."""

from ..http.access_client import InvitationInfo
from ..room.invitation import AsyncInvitation, InvitationView
from .facade import Facade, blocking

__all__ = ["Invitation"]


class Invitation(InvitationView, Facade[AsyncInvitation]):
    """An invitation, for use without ``async``; made by :meth:`~.blocking_room.Room.invite`."""

    @property
    def _info(self) -> InvitationInfo:
        return self._twin._info

    rotate = blocking(AsyncInvitation.rotate)
    revoke = blocking(AsyncInvitation.revoke)
