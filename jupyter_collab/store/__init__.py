"""The durable state: rooms, their logs and keyframes, blobs, runs, and people."""

from .accounts.contract import AccountRecord, AccountStore
from .blobs.contract import Blob
from .contract import Store
from .kernel_leases.contract import KernelLease
from .messages.contract import ServerMessage
from .people.contract import EventRecord, InviteRecord, MemberRecord, PeopleStore, RoomAccess, check_invite
from .rooms.contract import NOBODY, Head, LogEntry, LogSlice, Reader, RoomRecord
from .rooms.origin import BY_SERVER, Origin, OriginKind
from .runs.contract import RunRecord
from .sql import SQLStore
from .sqlite import sqlite_url

__all__ = [
    "BY_SERVER",
    "NOBODY",
    "AccountRecord",
    "AccountStore",
    "Blob",
    "EventRecord",
    "Head",
    "InviteRecord",
    "KernelLease",
    "LogEntry",
    "LogSlice",
    "MemberRecord",
    "Origin",
    "OriginKind",
    "PeopleStore",
    "Reader",
    "RoomAccess",
    "RoomRecord",
    "RunRecord",
    "SQLStore",
    "ServerMessage",
    "Store",
    "check_invite",
    "sqlite_url",
]
