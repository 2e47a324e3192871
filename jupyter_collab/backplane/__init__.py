"""What wakes other server processes when a room's log grows, and carries what they tell each other."""

from .contract import EVERYWHERE, MAX_MESSAGE_BYTES, Backplane, HeadListener, MessageListener
from .polling import PollingBackplane

__all__ = [
    "EVERYWHERE",
    "MAX_MESSAGE_BYTES",
    "Backplane",
    "HeadListener",
    "MessageListener",
    "PollingBackplane",
]
