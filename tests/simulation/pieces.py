"""What is typed into cells: pieces of text that can be told from each other, and that hold all that Unicode has."""

import re
from collections import Counter
from collections.abc import Iterable

__all__ = ["author_of", "boundaries", "count_pieces", "make_piece", "pieces_in", "torn_text"]

FLAVOURS = (
    "",
    "😀",  # two UTF-16 units
    "𠮷野𠮟",  # kanji beyond the BMP
    "👩‍🚀👨‍👩‍👧‍👦",  # joined by ZWJ
    "é̂ñ",  # combining marks
    "שלום עליכם",  # from right to left
    "علی‌رضا",
    "क्षि",
    "\u2028\x0c",  # line ends for Python, not for an editor
    "🇩🇪🇯🇵",
    "plain words",
)

PIECE = re.compile(r"\[([a-z]+)\.\d+ [^\]]*\]")


def make_piece(author: str, number: int) -> str:
    """The piece with this number; its author's name is in it."""
    return f"[{author}.{number} {FLAVOURS[number % len(FLAVOURS)]}]"


def author_of(piece: str) -> str:
    """Who typed it."""
    found = PIECE.match(piece)
    assert found is not None
    return found[1]


def pieces_in(text: str) -> list[str]:
    """The pieces in a text, in order."""
    return [found[0] for found in PIECE.finditer(text)]


def count_pieces(texts: Iterable[str]) -> Counter[str]:
    """How often each piece is in these texts."""
    return Counter(piece for text in texts for piece in pieces_in(text))


def torn_text(text: str) -> str:
    """What is left of a text without its whole pieces and the line ends between them."""
    return PIECE.sub("", text).replace("\n", "")


def boundaries(text: str) -> list[int]:
    """The places in a text, in characters, that are not inside a piece."""
    inside = {at for found in PIECE.finditer(text) for at in range(found.start() + 1, found.end())}
    return [at for at in range(len(text) + 1) if at not in inside]
