"""Processes for work that may take long or much memory: each piece has bounds, and ends with who asked for it."""

from .turns import Turns
from .workers import Workers, WorkLimits

__all__ = ["Turns", "WorkLimits", "Workers"]
