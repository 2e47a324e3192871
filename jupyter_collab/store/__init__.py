"""The durable truth: rooms, their logs and keyframes, what is too large for a document, and who ran what."""

from .contract import Blob, Head, LogEntry, LogSlice, RoomRecord, RunRecord, Store
from .sql import SQLStore

__all__ = ["Blob", "Head", "LogEntry", "LogSlice", "RoomRecord", "RunRecord", "SQLStore", "Store"]
