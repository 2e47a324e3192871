"""Processes for work that may take long or much memory: each piece has bounds, and ends with who asked for it."""

from .pool import Workers, WorkLimits
from .turns import Turns

__all__ = ["Turns", "WorkLimits", "Workers"]
