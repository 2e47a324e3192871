"""Guests: people without a login, under names that they choose."""

import secrets

from ..access import User, UserKind, person
from ..errors import ContentError
from ..names import clean_name

__all__ = ["MAX_NAME_CHARACTERS", "check_name", "new_guest"]

MAX_NAME_CHARACTERS = 60


def new_guest(name: str) -> User:
    """A guest with a new id."""
    return person(UserKind.GUEST, secrets.token_hex(8), name)


def check_name(name: str) -> str:
    """A guest's name without blanks around it, or :class:`ContentError`."""
    cleaned = clean_name(name, MAX_NAME_CHARACTERS)
    if cleaned is None:
        raise ContentError(
            f"A name has 1 to {MAX_NAME_CHARACTERS} characters. It holds something that can be seen, no control "
            "characters, and none that cannot be seen or turn the direction of the writing."
        )
    return cleaned
