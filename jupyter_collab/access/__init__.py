"""Who may do what in a room, and the secrets by which people are known."""

from .attempts import Attempts, network_of
from .invitations import InviteSecrets, hash_code, hash_token, read_code
from .passwords import harden, hash_password, is_password
from .roles import PALETTE, Capability, Role, User, UserKind
from .sessions import Session, SessionTokens, person

__all__ = [
    "PALETTE",
    "Attempts",
    "Capability",
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
    "is_password",
    "network_of",
    "person",
    "read_code",
]
