"""The secrets of an invitation: a token for its link, and a short code that can be typed."""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Self

from .passwords import harden

__all__ = ["InviteSecrets", "hash_code", "hash_token", "read_code"]

TOKEN_BYTES = 24

CODE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter in it is taken for a digit, or says anything rude."""

CODE_LENGTH = 8
GROUP_LENGTH = 4
MISREAD = str.maketrans("OIL", "011")


@dataclass(frozen=True, slots=True)
class InviteSecrets:
    """What is told once to whoever makes the invitation; only hashes are kept.

    A token has 192 random bits. A code, for instance ``7KQM-2XPD``, has 40: few enough to be typed, and enough as long
    as wrong ones are counted (see :class:`~jupyter_collab.access.Attempts`).
    """

    token: str
    code: str

    @classmethod
    def new(cls) -> Self:
        """Fresh ones."""
        letters = "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))
        return cls(secrets.token_urlsafe(TOKEN_BYTES), f"{letters[:GROUP_LENGTH]}-{letters[GROUP_LENGTH:]}")


def hash_token(token: str) -> str:
    """The stored hash of a token: 64 hexadecimal digits."""
    return hashlib.sha256(f"token {token}".encode()).hexdigest()


def read_code(code: str) -> str:
    """The code that was meant, however it was typed."""
    return "".join(letter for letter in code.upper().translate(MISREAD) if letter in CODE_ALPHABET)


def hash_code(code: str, salt: str) -> str:
    """The stored hash of a code, with the store's ``salt``: 64 hexadecimal digits. Use a thread."""
    return harden(hashlib.sha256(f"code {read_code(code)}".encode()).hexdigest(), salt)
