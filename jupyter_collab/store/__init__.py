"""The durable truth: rooms, their logs and keyframes."""

from .contract import Head, LogEntry, LogSlice, RoomRecord, Store
from .sql import SQLStore

__all__ = ["Head", "LogEntry", "LogSlice", "RoomRecord", "SQLStore", "Store"]
