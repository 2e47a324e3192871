"""The cookies by which people without a login of the Jupyter server are known: signed, and short-lived."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from ..names import initials_of
from .users import User, UserKind

__all__ = ["Session", "SessionTokens", "person"]

ALGORITHM = "HS256"
KEY_BYTES = 32
CLAIMS = ["sub", "kind", "name", "sid", "iat", "exp"]


@dataclass(frozen=True, slots=True)
class Session:
    """What a token says."""

    id: str
    user: User
    issued_at: datetime

    @property
    def hash(self) -> str:
        """The session's hash in the store: reading the store reveals no session's id."""
        return hashlib.sha256(self.id.encode()).hexdigest()


class SessionTokens:
    """Issues and reads tokens (JWT, HS256) that are good for ``lifetime``; ``key`` is shared by a store's servers."""

    def __init__(self, key: str, lifetime: timedelta) -> None:
        self._key = key
        self.lifetime = lifetime

    @staticmethod
    def new_key() -> str:
        """A fresh key."""
        return secrets.token_hex(KEY_BYTES)

    def begin(self, user: User) -> Session:
        """A new session."""
        return Session(secrets.token_urlsafe(KEY_BYTES), user, datetime.now(UTC))

    def issue(self, session: Session) -> str:
        """A token for a session, good from now on."""
        user, now = session.user, datetime.now(UTC)
        facts = {"sub": user.username, "kind": user.kind.value, "name": user.display_name, "sid": session.id}
        return jwt.encode({**facts, "iat": now, "exp": now + self.lifetime}, self._key, ALGORITHM)

    def read(self, token: str) -> Session | None:
        """What a token says; ``None`` if it is not ours, or its time is over."""
        try:
            said: dict[str, Any] = jwt.decode(token, self._key, [ALGORITHM], options={"require": CLAIMS})
            user = person(UserKind(said["kind"]), said["sub"], str(said["name"]))
        except (jwt.InvalidTokenError, ValueError):
            return None
        return Session(str(said["sid"]), user, datetime.fromtimestamp(said["iat"], UTC))


def person(kind: UserKind, username: str, name: str) -> User:
    """A user who is known by a name only."""
    initials = initials_of(name)
    return User(username=username, name=name, display_name=name, initials=initials, kind=kind)
