"""Names and titles as people write them."""

import unicodedata

__all__ = ["clean_name"]

WITHOUT_MEANING = dict.fromkeys(map(ord, "\u00ad\u200b\u2060\ufeff"))
"""Invisible characters that change nothing in a name: taken out. Texts that are copied from pages bring them along."""

IN_WORDS = frozenset("\u200c\u200d\u200e\u200f\u061c")
"""Invisible characters that people do write: joiners (Persian, Hindi, emoji of families) and marks of direction."""

TAGS = range(0xE0020, 0xE0080)
"""What the flags of England, Scotland and Wales are written with."""

REFUSED = frozenset(["Cc", "Cf", "Cs", "Zl", "Zp"])
"""Categories that hold no text: control and format characters (such as those that reverse text), halves of characters.

Characters that this Python does not know yet are not refused: each year there are new emoji.
"""


def clean_name(text: str, max_characters: int) -> str | None:
    """``text`` as a name: blanks around it are taken away and those between words count once.

    ``None`` if it is empty or too long, if nothing of it can be seen, or if it holds control characters or characters
    that turn the direction of what stands beside them.
    """
    name = " ".join(text.translate(WITHOUT_MEANING).split())
    is_good = 0 < len(name) <= max_characters and all(map(_is_text, name)) and any(map(_is_seen, name))
    return name if is_good else None


def _is_text(character: str) -> bool:
    return character in IN_WORDS or ord(character) in TAGS or unicodedata.category(character) not in REFUSED


def _is_seen(character: str) -> bool:
    return character != " " and unicodedata.category(character) not in ("Cf", "Mn", "Me")
