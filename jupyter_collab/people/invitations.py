"""Invitations: a role in one room, by a link or a code, for as long and as often as its owner says."""

import asyncio
import hmac
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ..access import (
    Attempts,
    Guesses,
    InviteSecrets,
    Role,
    User,
    hash_code,
    hash_password,
    hash_token,
    hashing,
    is_password,
    network_of,
    read_code,
)
from ..errors import (
    ContentError,
    GuestsNotAllowed,
    InviteNotFound,
    PasswordRequired,
    PermissionDenied,
    TooManyAttempts,
    WrongPassword,
)
from ..rooms import RoomManager
from ..store import InviteRecord, MemberRecord, PeopleStore, check_invite
from .members import Members, event
from .wrong_guesses import WrongGuesses

__all__ = ["Entry", "Invitations", "InviteWish"]

MAX_PASSWORD_CHARACTERS = 200
MAX_USES = 1_000_000
MAX_LIFETIME = timedelta(days=3660)

WRONG_SECONDS = 60.0
WRONG_PER_ADDRESS = 20
"""So many wrong codes in that time from one address; and as many wrong passwords of one invitation."""

WRONG_CODES = 300
"""From all addresses. Beyond that, an address that guessed wrong once is refused, and the others come in slowly."""

SECONDS_PER_CODE = 0.2
"""The time for each guess then. An attacker with many addresses tries 10 codes a second: 2**40 take 3,500 years."""

WAITING_CODES = 100
"""So many may wait for their turn. Nobody can guess a token, so links go on to work."""

MAX_KNOWN = 1_000
SALT_NAME = "invite_code_salt"

WRONG_PER_INVITE = 100
"""Wrong passwords, from all addresses."""

JOINS_PER_INVITE = 500
"""Joins by one invitation in a minute: as many as a room holds. Each join writes to the store."""

JOIN_SECONDS = 60.0

EVERYBODY = "everybody"

INVITABLE = (Role.VIEWER, Role.RUNNER, Role.WRITER, Role.EDITOR)


@dataclass(frozen=True, slots=True)
class InviteWish:
    """The options of a new invitation. ``None`` for no end, no limit, no password."""

    role: Role
    lifetime: timedelta | None = None
    max_uses: int | None = None
    password: str | None = None
    needs_approval: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """How somebody who came by an invitation stands: ``status`` is ``active`` or ``waiting``."""

    room_id: str
    status: str
    role: Role


class CodeHashes:
    """Hashes of codes for the store. Hashing is slow, so the hashes of correct codes are cached."""

    def __init__(self, rooms: RoomManager) -> None:
        self._rooms = rooms
        self._salt: str | None = None
        self._known: OrderedDict[str, str] = OrderedDict()

    async def of(self, code: str) -> str:
        """The hash of ``code``."""
        known = self._known.get(read_code(code))
        if known is not None:
            return known
        if self._salt is None:
            self._salt = await self._rooms.store.people.secret(SALT_NAME, secrets.token_hex(16))
        return await hashing(hash_code, code, self._salt)

    def remember(self, code: str, code_hash: str) -> None:
        """``code`` was right, so others will type it."""
        self._known[read_code(code)] = code_hash
        if len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)


class KnownPasswords:
    """Passwords that were right, for as long as this process lives: a class that comes by one is let in at once."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes()
        self._known: OrderedDict[bytes, None] = OrderedDict()

    def has(self, kept: str, password: str) -> bool:
        """Whether ``password`` was found to be the one that ``kept`` was made of."""
        return self._digest(kept, password) in self._known

    def find(self, kept: str, password: str) -> bool:
        """:meth:`has`, or find it out, which takes a while."""
        if self.has(kept, password):
            return True
        if not is_password(password, kept):
            return False
        self._known[self._digest(kept, password)] = None
        if len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)
        return True

    def _digest(self, kept: str, password: str) -> bytes:
        return hmac.digest(self._key, f"{kept} {password}".encode(errors="surrogatepass"), "sha256")


class Invitations:
    """The invitations to all rooms; ``guests_allowed`` is the deployer's setting for people without a login."""

    def __init__(self, rooms: RoomManager, members: Members, *, guests_allowed: bool) -> None:
        self.guests_allowed = guests_allowed
        self._rooms = rooms
        self._members = members
        wrong = WrongGuesses(rooms, "invitations")
        self._addresses = wrong.count("address with a code", WRONG_PER_ADDRESS, WRONG_SECONDS)
        self._wrong_codes = wrong.count("code", WRONG_CODES, WRONG_SECONDS)
        self._code_guesses = Guesses(self._addresses)
        self._password_guesses = Guesses(
            wrong.count("address with a password", WRONG_PER_ADDRESS, WRONG_SECONDS),
            wrong.count("invitation", WRONG_PER_INVITE, WRONG_SECONDS),
        )
        self._codes_in_store = CodeHashes(rooms)
        self._known_passwords = KnownPasswords()
        self._waiting_codes = 0
        self._joins = Attempts(JOINS_PER_INVITE, JOIN_SECONDS, words="Too many people come by this invitation.")
        self._slow_codes = asyncio.Lock()

    @property
    def _people(self) -> PeopleStore:
        return self._rooms.store.people

    # -- for owners --------------------------------------------------------------------------------------------------

    async def list(self, room_id: str) -> list[InviteRecord]:
        """A room's invitations, newest first; those that were taken back are left out."""
        return await self._people.invites(room_id)

    async def invite(self, room_id: str, wish: InviteWish, by: User) -> tuple[InviteRecord, InviteSecrets]:
        """A new invitation, and its secrets, which are returned only here.

        Raises
        ------
        GuestsNotAllowed, PermissionDenied, ContentError, TooManyMembers
        """
        self._check(wish)
        made = InviteSecrets.new()
        kept = None if wish.password is None else await hashing(hash_password, wish.password)
        invite = InviteRecord(
            id=secrets.token_hex(8),
            room_id=room_id,
            role=wish.role,
            created_by=by.principal,
            created_by_name=by.display_name,
            token_hash=hash_token(made.token),
            code_hash=await self._codes_in_store.of(made.code),
            password_hash=kept,
            needs_approval=wish.needs_approval,
            max_uses=wish.max_uses,
            expires_at=None if wish.lifetime is None else datetime.now(UTC) + wish.lifetime,
        )
        details = {"invitation": invite.id, "role": invite.role.value, "max_uses": invite.max_uses}
        return await self._people.add_invite(invite, event(room_id, "invited", by, details)), made

    def _check(self, wish: InviteWish) -> None:
        if not self.guests_allowed:
            raise GuestsNotAllowed("This server admits no guests. Its administrator can: CollabExtension.allow_guests.")
        if wish.role not in INVITABLE:
            raise PermissionDenied("An invitation cannot make owners. Invite somebody, then make them one.")
        if wish.lifetime is not None and not timedelta(0) < wish.lifetime <= MAX_LIFETIME:
            raise ContentError("An invitation lasts between a second and ten years.")
        if wish.max_uses is not None and not 1 <= wish.max_uses <= MAX_USES:
            raise ContentError(f"An invitation can be used between once and {MAX_USES:,} times.")
        if wish.password is not None and not 1 <= len(wish.password) <= MAX_PASSWORD_CHARACTERS:
            raise ContentError(f"A password has 1 to {MAX_PASSWORD_CHARACTERS} characters.")

    async def rotate(self, room_id: str, invite_id: str, by: User) -> tuple[InviteRecord, InviteSecrets]:
        """Other secrets for an invitation: its former link leads nowhere; ``InviteNotFound``."""
        made = InviteSecrets.new()
        hashes = (hash_token(made.token), await self._codes_in_store.of(made.code))
        noted = event(room_id, "invite_rotated", by, {"invitation": invite_id})
        return await self._people.rotate_invite(room_id, invite_id, *hashes, noted), made

    async def revoke(self, room_id: str, invite_id: str, by: User, *, remove_members: bool) -> None:
        """Take an invitation back and, if wished, remove those who came by it; ``InviteNotFound``."""
        noted = event(room_id, "invite_revoked", by, {"invitation": invite_id, "members_removed": remove_members})
        await self._people.revoke_invite(room_id, invite_id, remove_members=remove_members, event=noted)
        await self._members.apply(room_id)

    # -- for those who come ------------------------------------------------------------------------------------------

    async def find(self, *, token: str | None, code: str | None, address: str) -> InviteRecord:
        """The invitation that a token or code belongs to, if it is still good.

        Raises
        ------
        InviteNotFound, InviteRevoked, InviteExpired, InviteExhausted, TooManyAttempts
            The last for codes only: so nobody who guesses keeps those out who have a link.
        """
        if token is not None:
            found = await self._people.find_invite(hash_token(token))
        else:
            found = await self._find_by_code(code or "", network_of(address))
        check_invite(found)
        return found

    async def _find_by_code(self, code: str, network: str) -> InviteRecord:
        if self._waiting_codes >= WAITING_CODES:
            raise TooManyAttempts("Very many codes are tried just now. Try again, or ask for a link.")
        self._waiting_codes += 1
        try:
            found = await self._code_guesses.guess((network,), lambda: self._try_code(code, network), address=network)
        finally:
            self._waiting_codes -= 1
        if found is None:
            raise InviteNotFound("There is no such invitation. Check the code.")
        return found

    async def _try_code(self, code: str, network: str) -> InviteRecord | None:
        if self._wrong_codes.count(EVERYBODY) >= WRONG_CODES:
            await self._slow_down(network)
        try:
            found = await self._people.find_invite(await self._codes_in_store.of(code))
        except InviteNotFound:
            self._wrong_codes.failed(EVERYBODY)
            return None
        self._codes_in_store.remember(code, found.code_hash)
        return found

    async def _slow_down(self, network: str) -> None:
        """Keep guessing hopeless, without keeping out those who type a code for the first time."""
        self._addresses.check(network, limit=1)
        async with self._slow_codes:
            await asyncio.sleep(SECONDS_PER_CODE)

    async def redeem(self, invite: InviteRecord, user: User, password: str | None, address: str) -> Entry:
        """Let ``user`` in by an invitation; a person with an equal or better membership keeps it.

        Raises
        ------
        PasswordRequired, WrongPassword, TooManyAttempts, InviteRevoked, InviteExpired, InviteExhausted, TooManyMembers
            ``TooManyAttempts`` also if too many people join by one invitation.
        """
        await self._check_password(invite, password, network_of(address))
        status = "waiting" if invite.needs_approval else "active"
        offered = MemberRecord(invite.room_id, user.principal, user.display_name, invite.role, status, invite.id)
        kind = "asked_to_join" if invite.needs_approval else "came"
        noted = event(invite.room_id, kind, user, {"invitation": invite.id, "role": invite.role.value})
        if (await self._people.access(invite.room_id, user.principal)).member is None:
            self._joins.check(invite.id)
            self._joins.failed(invite.id)
        kept = await self._people.redeem(invite.id, offered, noted, is_server_user=user.is_server_user)
        if kept is not None:
            return Entry(invite.room_id, kept.status, kept.role)
        await self._members.apply(invite.room_id)
        return Entry(invite.room_id, status, invite.role)

    async def _check_password(self, invite: InviteRecord, password: str | None, network: str) -> None:
        if invite.password_hash is None:
            return
        if not password:
            raise PasswordRequired("This invitation needs a password. Ask who invited you.")
        kept = invite.password_hash
        keys = f"{invite.id} {network}", invite.id
        found = await self._password_guesses.guess(keys, lambda: self._try_password(kept, password), address=network)
        if found is None:
            raise WrongPassword("That is not the invitation's password. Ask who invited you.")

    async def _try_password(self, kept: str, password: str) -> str | None:
        known = self._known_passwords
        is_right = known.has(kept, password) or (
            len(password) <= MAX_PASSWORD_CHARACTERS and await hashing(known.find, kept, password)
        )
        return password if is_right else None
