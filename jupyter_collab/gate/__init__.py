"""The gate: what an update says is understood before it is applied, and only what may be is."""

from .deleted import Deleted, deletions_in
from .gate import Admission, Author, Gate
from .known import require_known
from .parts import Stride, parts_of_own
from .shared_types import SharedType
from .whole import Lists, parts_of_whole

__all__ = [
    "Admission",
    "Author",
    "Deleted",
    "Gate",
    "Lists",
    "SharedType",
    "Stride",
    "deletions_in",
    "parts_of_own",
    "parts_of_whole",
    "require_known",
]
