"""Peers for tests against real servers: a bare connection, and a small client that loses nothing."""

from .client import RawClient
from .waiting import DEADLINE_SECONDS, eventually
from .wire import Closed, Wire, room_url

__all__ = ["DEADLINE_SECONDS", "Closed", "RawClient", "Wire", "eventually", "room_url"]
