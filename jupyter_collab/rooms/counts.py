"""What has happened in the rooms of one server process since it began, in numbers."""

from dataclasses import dataclass

__all__ = ["Counts"]


@dataclass(slots=True)
class Counts:
    """Edits that were taken in, with those of programs, and refused; copies that came to differ; documents made again.

    They only grow, and say nothing of whose they are.
    """

    edits_taken: int = 0
    edits_refused: int = 0
    divergences: int = 0
    healings: int = 0
