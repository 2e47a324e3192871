"""The wire: parse and build messages.

Bytes in, values out, no I/O; the bytes are specified in ``docs/wire.md``, and ``tests/vectors/wire.json`` holds
the examples that this module and its TypeScript twin both run. Messages 0 to 3 are those of y-protocols
(https://github.com/yjs/y-protocols), those from 100 up are ours.

Parsing is bounded: nothing is allocated for a length that a message only claims, and whatever is wrong with the
bytes is a :class:`~jupyter_collab.errors.ProtocolError`.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NoReturn, NotRequired, TypedDict

from .errors import MessageTooLarge, ProtocolError, UnsupportedMessage

__all__ = [
    "EMPTY_UPDATE",
    "SUBPROTOCOL",
    "Ack",
    "AwarenessEntry",
    "AwarenessMessage",
    "Check",
    "Event",
    "Hello",
    "HelloInfo",
    "Lease",
    "LimitsInfo",
    "Message",
    "MessageType",
    "Pieces",
    "QueryAwareness",
    "Reader",
    "Rejection",
    "SyncStep1",
    "SyncStep2",
    "Update",
    "UserInfo",
    "build",
    "build_awareness",
    "parse",
    "parse_awareness",
    "shown_name",
    "write_varuint",
]

SUBPROTOCOL = "jupyter-collab.v1"
"""The websocket subprotocol whose speakers get the messages from 100 up."""

EMPTY_UPDATE = b"\x00\x00"
"""A Yjs update (encoding v1) that changes nothing."""

MAX_VARUINT = 2**53 - 1
"""The largest number that both Python and JavaScript hold exactly."""

MAX_DIGEST_CHARACTERS = 64


class MessageType(IntEnum):
    """The first varuint of every message."""

    SYNC = 0
    AWARENESS = 1
    QUERY_AWARENESS = 3
    HELLO = 100
    ACK = 101
    REJECTION = 102
    EVENT = 103
    LEASE = 104
    CHECK = 105
    PIECES = 106


class SyncType(IntEnum):
    """The second varuint of a sync message."""

    STEP1 = 0
    STEP2 = 1
    UPDATE = 2


class UserInfo(TypedDict, total=False):
    """A person as others see them. ``color`` and ``colorLight`` are CSS colours, ``role`` a role's name.

    ``kind`` says who vouches for them: ``server``, ``account`` or, for who chose their name themselves, ``guest``.
    """

    username: str
    name: str
    display_name: str
    initials: str
    avatar_url: str | None
    color: str
    colorLight: str
    role: str
    kind: str


def shown_name(user: UserInfo) -> str:
    """A person's name as others read it: guests chose theirs themselves, and are marked as guests."""
    return f"{user['display_name']} (guest)" if user.get("kind") == "guest" else user["display_name"]


class ConnectedUser(UserInfo):
    """A user who is connected to a room; ``visible`` says whether the others see them among the people there."""

    visible: bool


class LimitsInfo(TypedDict):
    """The bounds that a client must keep, with their units in their names."""

    message_bytes: int
    room_bytes: int
    awareness_bytes: int
    updates_per_second: int


class HelloInfo(TypedDict):
    """What the server says first."""

    version: int
    room: str
    title: str
    epoch: str
    seq: int
    role: str
    capabilities: list[str]
    user: UserInfo
    limits: LimitsInfo
    checks: NotRequired[bool]
    pieces: NotRequired[bool]


@dataclass(frozen=True, slots=True)
class SyncStep1:
    """ "This is what I have": a Yjs state vector."""

    state_vector: bytes


@dataclass(frozen=True, slots=True)
class SyncStep2:
    """ "This is what you lack": a Yjs update that answers a step 1."""

    update: bytes


@dataclass(frozen=True, slots=True)
class Update:
    """An edit: a Yjs update."""

    update: bytes


@dataclass(frozen=True, slots=True)
class AwarenessMessage:
    """Presence: an awareness update, still encoded (see :func:`parse_awareness`)."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class QueryAwareness:
    """ "Who is here?"."""


@dataclass(frozen=True, slots=True)
class Hello:
    """The server's first word to those who speak :data:`SUBPROTOCOL`."""

    info: HelloInfo


@dataclass(frozen=True, slots=True)
class Ack:
    """The first ``count`` edits of this connection are durable; the room's log then ended at ``seq``."""

    count: int
    seq: int


@dataclass(frozen=True, slots=True)
class Rejection:
    """Edit number ``count`` of this connection was refused, whole."""

    count: int
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Event:
    """Something happened to the room or to this peer; ``info["type"]`` says what."""

    info: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Lease:
    """A client asks to be the one who does what ``key`` names, or (not ``wanted``) no longer does."""

    key: str
    wanted: bool


@dataclass(frozen=True, slots=True)
class Check:
    """A client asks whether the room's document has the digest that its own has.

    ``differs`` says that it has asked already and that the two do differ: the client takes the room's document.
    """

    digest: str
    differs: bool = False


@dataclass(frozen=True, slots=True)
class Pieces:
    """A client says that its next ``count`` edits, of ``size_bytes`` together, are pieces of one that was too large."""

    count: int
    size_bytes: int


Message = (
    SyncStep1
    | SyncStep2
    | Update
    | AwarenessMessage
    | QueryAwareness
    | Hello
    | Ack
    | Rejection
    | Event
    | Lease
    | Check
    | Pieces
)


@dataclass(frozen=True, slots=True)
class AwarenessEntry:
    """One client's presence. ``state`` is JSON text; ``"null"`` says that the client is gone."""

    client_id: int
    clock: int
    state: str


def write_varuint(number: int) -> bytes:
    """Encode ``number`` (0 to 2**53 - 1) as lib0 does: 7 bits a byte, the least significant first."""
    if number < 128:
        return bytes((number,))
    encoded = bytearray()
    while number > 127:
        encoded.append(number & 127 | 128)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def write_bytes(payload: bytes) -> bytes:
    """``payload`` behind its length."""
    return write_varuint(len(payload)) + payload


class Reader:
    """Reads lib0-encoded values from bytes, and never past their end."""

    __slots__ = ("_data", "_position")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    @property
    def remaining_bytes(self) -> int:
        """How many bytes have not been read."""
        return len(self._data) - self._position

    def varuint(self) -> int:
        """The next unsigned integer."""
        data, position = self._data, self._position
        number = shift = 0
        try:
            while (byte := data[position]) >= 128:
                number |= (byte & 127) << shift
                shift += 7
                position += 1
                if shift > 56:
                    raise ProtocolError("The message holds a number of more than 53 bits.")
        except IndexError:
            raise ProtocolError("The message ends in the middle of a number.") from None
        self._position = position + 1
        if byte == 0 and shift:
            raise ProtocolError("The message holds a number in more bytes than it needs.")
        number |= byte << shift
        if number > MAX_VARUINT:
            raise ProtocolError("The message holds a number of more than 53 bits.")
        return number

    def bytes(self) -> bytes:
        """The next byte string: a length and as many bytes."""
        length = self.varuint()
        if length > self.remaining_bytes:
            raise ProtocolError("The message is shorter than it claims to be.")
        start = self._position
        self._position += length
        return self._data[start : self._position]

    def text(self) -> str:
        """The next UTF-8 string."""
        return decode_text(self.bytes())

    def json(self) -> Any:
        """The next JSON value."""
        return parse_json(self.text())

    def end(self) -> None:
        """Make sure that nothing is left."""
        if self.remaining_bytes:
            raise ProtocolError("The message goes on after its end.")


def parse_json(text: str) -> Any:
    """Parse JSON as the standard has it: no NaN, no infinity, and no nesting that breaks the stack."""
    try:
        return json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise ProtocolError("The message holds text that is not JSON.") from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    """A number such as 1e999 would be read as infinity, and then written as something that is not JSON."""
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"{digits} is too large")
    return number


def parse(data: bytes) -> Message:
    """Read one message.

    Raises
    ------
    UnsupportedMessage
        For a type that this protocol does not have.
    ProtocolError
        For bytes that are no message.
    """
    reader = Reader(data)
    kind = reader.varuint()
    if kind == MessageType.SYNC:
        message = _parse_sync(reader)
    elif kind == MessageType.AWARENESS:
        message = AwarenessMessage(reader.bytes())
    elif kind == MessageType.QUERY_AWARENESS:
        message = QueryAwareness()
    else:
        message = _parse_ours(kind, reader)
    reader.end()
    return message


def _parse_sync(reader: Reader) -> Message:
    step = reader.varuint()
    if step == SyncType.STEP1:
        return SyncStep1(reader.bytes())
    if step == SyncType.STEP2:
        return SyncStep2(reader.bytes())
    if step == SyncType.UPDATE:
        return Update(reader.bytes())
    raise UnsupportedMessage(f"There is no sync message of type {step}.")


def _parse_ours(kind: int, reader: Reader) -> Message:
    if kind == MessageType.ACK:
        return Ack(reader.varuint(), reader.varuint())
    if kind == MessageType.PIECES:
        return Pieces(reader.varuint(), reader.varuint())
    if kind not in (MessageType.HELLO, MessageType.REJECTION, MessageType.EVENT, MessageType.LEASE, MessageType.CHECK):
        raise UnsupportedMessage(f"There is no message of type {kind}.")
    info = reader.json()
    if not isinstance(info, dict):
        raise ProtocolError("The message must hold a JSON object.")
    if kind == MessageType.HELLO:
        return Hello(info)  # type: ignore[arg-type]  # the server's word: its keys are fixed by docs/wire.md
    if kind == MessageType.EVENT:
        return Event(info)
    if kind == MessageType.CHECK:
        return _parse_check(info)
    return _parse_lease(info) if kind == MessageType.LEASE else _parse_rejection(info)


def _parse_check(info: Mapping[str, Any]) -> Check:
    match info:
        case {"digest": str(digest), "differs": bool(differs)} if len(digest) <= MAX_DIGEST_CHARACTERS:
            return Check(digest, differs)
        case _:
            raise ProtocolError("A check must have a digest, and whether it differs.")


def _parse_lease(info: Mapping[str, Any]) -> Lease:
    match info:
        case {"key": str(key), "wanted": bool(wanted)}:
            return Lease(key, wanted)
        case _:
            raise ProtocolError("A lease must have a key, and whether it is wanted.")


def _parse_rejection(info: Mapping[str, Any]) -> Rejection:
    match info:
        case {"count": int(count), "reason": str(reason), "message": str(message)}:
            return Rejection(count, reason, message)
        case _:
            raise ProtocolError("A rejection must have a count, a reason and a message.")


def build(message: Message) -> bytes:
    """Write one message; the inverse of :func:`parse`."""
    match message:
        case Update(update):
            return b"\x00\x02" + write_bytes(update)
        case SyncStep1(state_vector):
            return b"\x00\x00" + write_bytes(state_vector)
        case SyncStep2(update):
            return b"\x00\x01" + write_bytes(update)
        case AwarenessMessage(payload):
            return b"\x01" + write_bytes(payload)
        case QueryAwareness():
            return b"\x03"
        case _:
            return _build_ours(message)


def _build_ours(message: Hello | Ack | Rejection | Event | Lease | Check | Pieces) -> bytes:
    match message:
        case Ack(count, seq):
            return bytes((MessageType.ACK,)) + write_varuint(count) + write_varuint(seq)
        case Pieces(count, size_bytes):
            return bytes((MessageType.PIECES,)) + write_varuint(count) + write_varuint(size_bytes)
        case Hello(info):
            return _build_json(MessageType.HELLO, info)
        case Rejection(count, reason, text):
            return _build_json(MessageType.REJECTION, {"count": count, "reason": reason, "message": text})
        case Event(info):
            return _build_json(MessageType.EVENT, info)
        case Lease(key, wanted):
            return _build_json(MessageType.LEASE, {"key": key, "wanted": wanted})
        case Check(digest, differs):
            return _build_json(MessageType.CHECK, {"digest": digest, "differs": differs})


def _build_json(kind: MessageType, info: Mapping[str, Any]) -> bytes:
    text = json.dumps(info, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return write_varuint(kind) + write_bytes(text.encode())


def parse_awareness(payload: bytes, *, max_state_bytes: int, max_entries: int) -> list[AwarenessEntry]:
    """Read an awareness update.

    Parameters
    ----------
    payload
        What an :class:`AwarenessMessage` carries.
    max_state_bytes, max_entries
        The bounds; they are checked before anything of that size is made.

    Raises
    ------
    MessageTooLarge
        When a bound is passed.
    ProtocolError
        For bytes that are no awareness update.
    """
    reader = Reader(payload)
    count = reader.varuint()
    if count > max_entries:
        raise MessageTooLarge(f"Presence of {count} clients in one message; at most {max_entries} are allowed.")
    entries = []
    for _ in range(count):
        client_id, clock, state = reader.varuint(), reader.varuint(), reader.bytes()
        if len(state) > max_state_bytes:
            raise MessageTooLarge(f"A presence state of {len(state)} bytes; at most {max_state_bytes} are allowed.")
        entries.append(AwarenessEntry(client_id, clock, decode_text(state)))
    reader.end()
    return entries


def decode_text(text: bytes) -> str:
    """``text`` as UTF-8; anything else is a :class:`ProtocolError`."""
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise ProtocolError("The message holds text that is not UTF-8.") from error


def build_awareness(entries: Iterable[AwarenessEntry]) -> bytes:
    """Write the awareness update that :func:`parse_awareness` reads."""
    parts = [
        write_varuint(entry.client_id) + write_varuint(entry.clock) + write_bytes(entry.state.encode())
        for entry in entries
    ]
    return write_varuint(len(parts)) + b"".join(parts)
