"""The gate: what an update says is understood before it is applied, and only what may be is."""

from .gate import Admission, Author, Gate
from .parts import parts_of_own
from .places import SharedType

__all__ = ["Admission", "Author", "Gate", "SharedType", "parts_of_own"]
