"""The durable truth: rooms, their logs and keyframes, what is too large for a document, and who ran what."""

from .accounts_contract import AccountRecord, AccountStore
from .contract import Blob, Head, LogEntry, LogSlice, Reader, RoomRecord, RunRecord, Store
from .people_contract import EventRecord, InviteRecord, MemberRecord, PeopleStore, RoomAccess, check_invite
from .sql import SQLStore

__all__ = [
    "AccountRecord",
    "AccountStore",
    "Blob",
    "EventRecord",
    "Head",
    "InviteRecord",
    "LogEntry",
    "LogSlice",
    "MemberRecord",
    "PeopleStore",
    "Reader",
    "RoomAccess",
    "RoomRecord",
    "RunRecord",
    "SQLStore",
    "Store",
    "check_invite",
]
