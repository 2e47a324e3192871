"""Where an entry of a room's log comes from."""

import hashlib
from dataclasses import astuple, dataclass, field
from enum import StrEnum

from ...access import User

__all__ = ["BY_SERVER", "Origin", "OriginKind"]


class OriginKind(StrEnum):
    """How an edit came about."""

    PEER = "peer"
    """Sent over a connection: typed, or done to cells."""
    KERNEL = "kernel"
    """What became of a run, or which kernel the room has."""
    IMPORT = "import"
    """Content that somebody put in as a whole."""
    RESTORE = "restore"
    """An earlier content that somebody brought back."""
    FILE = "file"
    """Content that came from a file beside the room."""
    SERVER = "server"
    """The server's own tidying."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The known origin of an edit; ``None`` for values that are unknown, or do not apply to its ``kind``.

    ``principal`` is the person who made the edit, or for whom it was made, and ``display_name`` their name then.
    ``connection`` names one connection of theirs among all of all servers, and ``operator`` is the principal of the
    person for whom an agent acts. ``run`` is the number of the run that wrote outputs.

    ``id`` is the same for equal origins: a number from 0 to 2**63 - 1.
    """

    kind: OriginKind
    principal: str | None = None
    display_name: str | None = None
    connection: str | None = None
    operator: str | None = None
    run: int | None = None
    id: int = field(init=False, repr=False, compare=False, default=0)

    def __post_init__(self) -> None:
        digest = hashlib.blake2b(repr(astuple(self)).encode(errors="surrogatepass"), digest_size=8).digest()
        object.__setattr__(self, "id", int.from_bytes(digest) >> 1)

    @classmethod
    def by(cls, user: User, kind: OriginKind, *, connection: str | None = None, run: int | None = None) -> "Origin":
        """The origin of an edit by or for ``user``; a NUL in their name is replaced, because PostgreSQL has none."""
        name = user.display_name.replace("\0", "\N{REPLACEMENT CHARACTER}")
        return cls(kind, user.principal, name, connection=connection, run=run)


BY_SERVER = Origin(OriginKind.SERVER)
"""The origin of the server's own edits."""
