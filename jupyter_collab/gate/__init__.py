"""The gate: what an update says is understood before it is applied, and only what may be is."""

from .gate import MAX_TYPES_DEEP, Admission, Author, Gate
from .places import SharedType

__all__ = ["MAX_TYPES_DEEP", "Admission", "Author", "Gate", "SharedType"]
