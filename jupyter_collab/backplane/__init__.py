"""What wakes other server processes when a room's log grows."""

from .contract import Backplane, HeadListener
from .polling import PollingBackplane

__all__ = ["Backplane", "HeadListener", "PollingBackplane"]
