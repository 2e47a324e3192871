"""Passwords, by Argon2id with the library's own parameters. Each call takes tens of milliseconds: use a thread."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

__all__ = ["hash_password", "is_password"]

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
