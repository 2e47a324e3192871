"""The REST API of those who come: who am I, what is this invitation, let me in, let me go."""

import json
from dataclasses import replace
from typing import Any

from jupyter_server.auth.decorator import allow_unauthenticated

from ..access import Role, User, UserKind
from ..errors import ContentError, GuestsNotAllowed
from ..people import check_name, new_guest
from ..protocol import UserInfo
from ..store import InviteRecord, Reader
from .body import BodyHandler
from .principals import Principal, find_principal
from .rest import RoomInfoHandler

__all__ = ["GUEST_ROUTES", "ComingHandler"]

LISTED_ROOMS = 100


class ComingHandler(BodyHandler):
    """Base of what somebody may ask whom nobody knows yet."""

    known: Principal | None = None

    async def identify(self) -> None:
        """Find out who asks, if it is somebody; only below ``/collab/`` it need not be."""
        if self.session_cookies is None:
            await super().identify()
            self.known = self.principal
        else:
            self.known = await find_principal(self, self.session_cookies)
            await self.manager.start()

    @property
    def someone(self) -> Principal | None:
        """The person who asks, if known."""
        return self.known

    async def invitation(self, body: dict[str, Any]) -> InviteRecord:
        """The invitation whose token or code the body has."""
        token, code, address = body.get("token"), body.get("code"), self.request.remote_ip or ""
        return await self.services.invitations.find(token=token, code=code, address=address)


class MeHandler(ComingHandler, RoomInfoHandler):
    """``me``."""

    @allow_unauthenticated
    async def get(self) -> None:
        """Who asks, and their rooms; or what one can do here to be somebody."""
        offers = {
            "guests": self.services.invitations.guests_allowed,
            "accounts": self.services.accounts.passwords,
            "providers": [{"id": provider.id, "name": provider.name} for provider in self.services.providers.values()],
        }
        if self.known is None:
            self.set_status(401)
            message = "Nobody knows you here yet. Come by an invitation, or sign in."
            self.finish(json.dumps({"message": message, "reason": "sign_in", **offers}))
            return
        await self.manager.start()
        user = self.known.user
        # First who waits: somebody who is let in meanwhile is told of as both, and never as neither.
        places = await self.manager.store.people.memberships(user.principal)
        reader = Reader(user.principal, user.is_server_user)
        records, _ = await self.manager.list_rooms(limit=LISTED_ROOMS, reader=reader)
        roles = await self.services.members.roles(records, user, self.known.most)
        self.finish(
            {
                **_without_role(user.info(self.known.most)),
                "rooms": [self.info(record, roles[record.id]) for record in records if record.id in roles],
                "waiting": [place.room_id for place in places if place.status == "waiting"],
                "may_sign_out": user.kind is not UserKind.SERVER or self._is_login_needed,
                "may_create": self.services.access.may_create(user) and self.known.most is Role.OWNER,
                **offers,
            }
        )

    @property
    def _is_login_needed(self) -> bool:
        provider = self.identity_provider
        return bool(provider.auth_enabled and provider.logout_available)


class PreviewHandler(ComingHandler):
    """``join/preview``."""

    @allow_unauthenticated
    async def post(self) -> None:
        """What an invitation is to, before one gives a name."""
        invite = await self.invitation(self.json_body("previewInvitation"))
        room = await self.manager.get_room(invite.room_id)
        self.finish(
            {
                "title": room.title,
                "role": invite.role.value,
                "invited_by": invite.created_by_name,
                "password_required": invite.password_hash is not None,
                "approval": invite.needs_approval,
            }
        )


class JoinHandler(ComingHandler):
    """``join``."""

    @allow_unauthenticated
    async def post(self) -> None:
        """Come in by an invitation; who has no login here becomes a guest, with a cookie for this."""
        body = self.json_body("join")
        user = self._who_comes(body.get("name"))
        invite = await self.invitation(body)
        await self.manager.get_room(invite.room_id)
        address = self.request.remote_ip or ""
        entry = await self.services.invitations.redeem(invite, user, body.get("password"), address)
        if user.kind is UserKind.GUEST:
            await self.services.session_cookies.begin(self, user)
        self.finish({"room": entry.room_id, "status": entry.status, "role": entry.role.value})

    def _who_comes(self, name: str | None) -> User:
        if self.known is not None and self.known.user.kind is not UserKind.GUEST:
            return self.known.user
        if not self.services.invitations.guests_allowed:
            raise GuestsNotAllowed("This server admits no guests. Sign in to it, then open the link again.")
        if name is None:
            raise ContentError("Give the name that the others are to see.")
        guest = new_guest(check_name(name))
        return guest if self.known is None else replace(guest, username=self.known.user.username)


class LeaveHandler(ComingHandler):
    """``leave``."""

    @allow_unauthenticated
    async def post(self) -> None:
        """End the session: this browser is nobody's again."""
        if self.session_cookies is not None:
            await self.session_cookies.end(self)
        self.set_status(204)
        self.finish()


GUEST_ROUTES = (
    (r"/me", MeHandler),
    (r"/join/preview", PreviewHandler),
    (r"/join", JoinHandler),
    (r"/leave", LeaveHandler),
)


def _without_role(info: UserInfo) -> dict[str, object]:
    """What is told of somebody outside of any room: no role, which they have in each room."""
    return {name: value for name, value in info.items() if name != "role"}
