"""The rules for passwords of accounts."""

from ..errors import ContentError

__all__ = ["MAX_PASSWORD_CHARACTERS", "check_password"]

MIN_PASSWORD_CHARACTERS = 10
MAX_PASSWORD_CHARACTERS = 200


def check_password(password: str) -> None:
    """Raise ``ContentError`` for a password that is too short to be one, or too long."""
    if not MIN_PASSWORD_CHARACTERS <= len(password) <= MAX_PASSWORD_CHARACTERS:
        raise ContentError(f"A password has {MIN_PASSWORD_CHARACTERS} to {MAX_PASSWORD_CHARACTERS} characters.")
