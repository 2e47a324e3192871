"""Passwords, and what else must be slow to guess, by Argon2id. Each call takes tens of milliseconds: use a thread."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type, hash_secret_raw

__all__ = ["harden", "hash_password", "is_password"]

_hasher = PasswordHasher()


def hash_password(password: str) -> str:
    """What is kept of a password, with its salt and parameters."""
    return _hasher.hash(password)


def is_password(password: str, kept: str) -> bool:
    """Whether ``password`` is the one that ``kept`` was made of."""
    try:
        return _hasher.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


def harden(fast_hash: str, salt: str) -> str:
    """A hash that takes a twentieth of a second, of one that takes nothing (as stores before it kept them).

    All codes of a store have one salt, for a code must be found by its hash. The parameters stay as they are, or
    nothing that was kept would be found any more.
    """
    made = hash_secret_raw(
        fast_hash.encode(), salt.encode(), time_cost=2, memory_cost=2**15, parallelism=1, hash_len=32, type=Type.ID
    )
    return made.hex()
