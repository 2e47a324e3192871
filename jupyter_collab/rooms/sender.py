"""What is known of the edits that a peer sends."""

from dataclasses import dataclass

from ..gate import Author

__all__ = ["Sender"]

MAX_GAPS = 3
"""How many edits with a causal gap a peer may send before it is not asked again."""


@dataclass(slots=True)
class Sender:
    """A peer as one who sends edits.

    Attributes
    ----------
    author
        As whom the gate knows them.
    received
        How many edits have come, or of the one that is taken in in parts, how many are durable with its next part.
    gaps
        How many of them lacked something before them.
    was_refused
        Whether the gate refused one: then the peer's document is another than the room's, and so are all edits to come.
    """

    author: Author
    received: int = 0
    gaps: int = 0
    was_refused: bool = False

    def may_sync_again(self) -> bool:
        """Count an edit with a gap; returns whether the peer is to be asked for what it lacked."""
        self.gaps += 1
        return self.gaps <= MAX_GAPS
