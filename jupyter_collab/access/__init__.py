"""Users and their roles, and the secrets by which people are known."""

from ..roles import Capability, Role
from .attempts import Attempts, network_of
from .guesses import MAX_GUESSES_PER_ADDRESS, Guesses
from .invitations import InviteSecrets, hash_code, hash_token, read_code
from .passwords import harden, hash_password, hashing, is_password
from .sessions import Session, SessionTokens, person
from .users import PALETTE, User, UserKind, writer_of

__all__ = [
    "MAX_GUESSES_PER_ADDRESS",
    "PALETTE",
    "Attempts",
    "Capability",
    "Guesses",
    "InviteSecrets",
    "Role",
    "Session",
    "SessionTokens",
    "User",
    "UserKind",
    "harden",
    "hash_code",
    "hash_password",
    "hash_token",
    "hashing",
    "is_password",
    "network_of",
    "person",
    "read_code",
    "writer_of",
]
