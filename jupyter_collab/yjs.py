"""What Yjs's encodings say, read with bounds: state vectors and updates (encoding v1).

The formats are described at https://github.com/yjs/yjs/blob/main/INTERNALS.md; numbers and strings are lib0's.
"""

import hashlib
import json
import re
import secrets
import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from .errors import InvalidUpdate, ProtocolError
from .protocol import Reader, parse_json, write_varuint

__all__ = [
    "ANY",
    "ARRAY_TYPE",
    "DELETED",
    "FORMAT",
    "GC",
    "JSON",
    "MAP_TYPE",
    "MAX_CLOCK",
    "MAX_NESTING",
    "SERVER_CLIENT_IDS",
    "SKIP",
    "STRING",
    "TEXT_TYPE",
    "TYPE",
    "Deletion",
    "Item",
    "UpdateReader",
    "check_update",
    "epoch_client_id",
    "server_client_id",
    "shared_type_of",
    "state_vector",
    "values_of",
    "write_state_vector",
]

MAX_NESTING = 100
"""So deep may lists and objects lie in each other inside one value. Far deeper ones overflow the stack of yrs."""

SUB_DOCUMENT = (
    "The edit holds a sub-document, which a room does not sync: nobody else would see what is in it. "
    "Nothing of it was taken in. Make a room of its own for that document."
)
NO_UPDATE = "The edit is not a Yjs update; nothing of it was taken in."
TOO_DEEP = f"The edit holds a value nested more than {MAX_NESTING} deep; nothing of it was taken in."

HAS_LEFT, HAS_RIGHT, HAS_KEY, KIND = 0x80, 0x40, 0x20, 0x1F
"""What the bits of the byte that begins each struct of an update mean."""

GC, DELETED, JSON, BINARY, STRING, EMBED, FORMAT, TYPE, ANY, DOC, SKIP = range(11)
"""The kinds of structs."""

PLAIN_JSON = frozenset({"null", "true", "false"})

ARRAY_TYPE, MAP_TYPE, TEXT_TYPE, XML_ELEMENT, XML_FRAGMENT, XML_HOOK, XML_TEXT = range(7)
"""Shared types: all that Yjs has. Elements and hooks have a name."""

MAX_CLOCK = 2**32 - 1
"""yrs counts so far, and silently begins again behind that."""

ANY_LIST, ANY_OBJECT = 117, 118
MANY_KEYS = re.compile(rb"\x76[\x80-\xff]{3}")
"""An object that claims to have two million keys or more, or a text with such bytes."""

ANY_FIXED_BYTES = {120: 0, 121: 0, 122: 8, 123: 8, 124: 4, 126: 0, 127: 0}
"""The bytes that follow lib0's mark of a value: true, false, bigint, float64, float32, null, undefined."""

SIMPLE_VALUES = {120: True, 121: False, 126: None, 127: None}
ANY_NUMBERS = {122: ">q", 123: ">d", 124: ">f"}
MAX_INTEGER_BYTES = 10

MAX_VALUES_IN_ITEM = 50_000
MAX_NUMBERS_IN_ITEM = 250_000
"""In one value there may be so many texts, lists and objects, and so many numbers in a row with others."""

TOO_MANY_VALUES = (
    f"The edit holds a value of more than {MAX_NUMBERS_IN_ITEM} numbers, or {MAX_VALUES_IN_ITEM} texts, lists and "
    "objects. Nothing of it was taken in. Keep such data in a file."
)

SCALAR = rb"(?:[\x78\x79\x7e\x7f]|\x7d[\x80-\xff]{0,9}[\x00-\x7f]|\x7c.{4}|[\x7a\x7b].{8})"
SCALAR_RUNS = [(length, re.compile(SCALAR + b"{%d}" % length, re.DOTALL)) for length in (1024, 64, 8)]
SHORTEST_RUN = 8
"""So many values in a row that are no texts, lists or objects are read at once."""

ANY_BYTES, ANY_STRING, ANY_INTEGER = 116, 119, 125

SERVER_CLIENT_IDS = range(2**32, 2**33)
"""Under these client ids only servers write: npm's Yjs chooses below. They take five bytes, as nearly all of those."""


def server_client_id() -> int:
    """A new client id for a document of a server's."""
    return SERVER_CLIENT_IDS.start + secrets.randbits(32)


def epoch_client_id(epoch: str) -> int:
    """The Yjs client id (1 to 2**32 - 1) that writes the beginning of the history ``epoch``."""
    return int.from_bytes(hashlib.sha256(epoch.encode()).digest()[:4], "big") or 1


def state_vector(data: bytes) -> dict[int, int]:
    """Read an encoded state vector: how many edits of each client are known.

    Raises
    ------
    ProtocolError
        For bytes that are no state vector.
    """
    reader = Reader(data)
    count = reader.varuint()
    if count * 2 > reader.remaining_bytes:
        raise ProtocolError("The state vector is shorter than it claims to be.")
    clocks: dict[int, int] = {}
    for _ in range(count):
        client_id = reader.varuint()
        if client_id in clocks:
            raise ProtocolError("The state vector names a client twice.")
        clocks[client_id] = reader.varuint()
    reader.end()
    return clocks


def write_state_vector(clocks: Mapping[int, int]) -> bytes:
    """Encode how many edits of each client are known, as :func:`state_vector` reads it."""
    numbers = (write_varuint(number) for pair in clocks.items() for number in pair)
    return write_varuint(len(clocks)) + b"".join(numbers)


def check_update(update: bytes) -> None:
    """Make sure that ``update`` is one, claims no more than it holds, and nests at most :data:`MAX_NESTING` deep.

    yrs decodes and reads nested values by recursion, so a few kilobytes of brackets would end the process; and it
    makes room for as many keys of an object as that claims to have. What cannot be nested so deep, as it is too short
    or has too few marks of lists and objects, and has no object of very many keys, is passed unread.

    Raises
    ------
    InvalidUpdate
        It must not be applied.
    """
    is_flat = len(update) <= MAX_NESTING or update.count(ANY_LIST) + update.count(ANY_OBJECT) <= MAX_NESTING
    if is_flat and MANY_KEYS.search(update) is None:
        return
    UpdateReader(update).read()


class Item(NamedTuple):
    """``length`` edits that ``client`` made from ``clock`` on, as one struct of an update says it.

    ``left`` and ``right`` are the edits, by client and clock, between which it was made. If both are None, ``parent``
    is the shared type in which: the name of a root one, or the edit that made it, and ``key`` where in that one if it
    is a map. ``text`` is that of a text. A struct that is collected or skipped has none of these. It takes the bytes
    from ``start`` to ``stop`` of the update, its content those from ``content`` on.
    """

    client: int
    clock: int
    length: int
    kind: int
    left: tuple[int, int] | None = None
    right: tuple[int, int] | None = None
    parent: str | tuple[int, int] | None = None
    text: str | None = None
    key: str | None = None
    start: int = 0
    content: int = 0
    stop: int = 0


class Deletion(NamedTuple):
    """``length`` edits of ``client`` from ``clock`` on are deleted."""

    client: int
    clock: int
    length: int


class UpdateReader(Reader):
    """Reads an update: first all its items, then its deletions. Whatever is wrong with it is an ``InvalidUpdate``.

    One that ``is_ours`` was written by yrs here: what nobody may send may be in it all the same.
    """

    __slots__ = ("_is_ours", "_numbers", "_values")

    def __init__(self, data: bytes, position: int = 0, *, is_ours: bool = False) -> None:
        super().__init__(data)
        self._position = position
        self._is_ours = is_ours
        self._values = self._numbers = 0

    def read(self) -> None:
        """Read all of it, and make nothing of it."""
        for _ in self.items():
            pass
        for _ in self.deletions():
            pass

    def items(self) -> Iterator[Item]:
        """The structs, client by client; each client comes once."""
        clients: set[int] = set()
        try:
            for _ in range(self._count()):
                structs = self._count()
                client, clock = self.varuint(), self.varuint()
                if structs == 0 or client in clients:
                    raise InvalidUpdate(NO_UPDATE)
                clients.add(client)
                for _ in range(structs):
                    item = self._item(client, clock)
                    clock += item.length
                    if item.length == 0 or clock > MAX_CLOCK:
                        raise InvalidUpdate(NO_UPDATE)
                    yield item
        except InvalidUpdate:
            raise
        except ProtocolError as error:
            raise InvalidUpdate(NO_UPDATE) from error

    def deletions(self) -> Iterator[Deletion]:
        """What is deleted; behind it the update ends."""
        try:
            for _ in range(self._count()):
                client = self.varuint()
                for _ in range(self._count()):
                    deletion = Deletion(client, self.varuint(), self.varuint())
                    if deletion.length == 0:
                        raise InvalidUpdate(NO_UPDATE)
                    yield deletion
            self.end()
        except InvalidUpdate:
            raise
        except ProtocolError as error:
            raise InvalidUpdate(NO_UPDATE) from error

    def _item(self, client: int, clock: int) -> Item:
        start = self._position
        self._values = self._numbers = 0
        info = self.byte()
        kind = info & KIND
        if kind in (GC, SKIP):
            if info != kind:
                raise InvalidUpdate(NO_UPDATE)
            return Item(client, clock, self.varuint(), kind, start=start, stop=self._position)
        left = self._id() if info & HAS_LEFT else None
        right = self._id() if info & HAS_RIGHT else None
        parent = key = text = None
        if left is None and right is None:
            parent = self._parent()
            key = self.text() if info & HAS_KEY else None
        content = self._position
        if kind == STRING:
            text = self.text()
            length = units_in(text)
        else:
            length = self._content(kind)
        return Item(client, clock, length, kind, left, right, parent, text, key, start, content, self._position)

    def _count(self) -> int:
        """How many things follow, each of at least one byte."""
        count = self.varuint()
        if count > self.remaining_bytes:
            raise InvalidUpdate("The edit claims to hold more than it does; nothing of it was taken in.")
        return count

    def byte(self) -> int:
        """The next byte."""
        try:
            byte = self._data[self._position]
        except IndexError:
            raise ProtocolError("The update is shorter than it claims to be.") from None
        self._position += 1
        return byte

    def _skip(self, length: int) -> None:
        if length > self.remaining_bytes:
            raise ProtocolError("The update is shorter than it claims to be.")
        self._position += length

    def _id(self) -> tuple[int, int]:
        return self.varuint(), self.varuint()

    def _parent(self) -> str | tuple[int, int]:
        mark = self.byte()
        if mark > 1:
            raise InvalidUpdate(NO_UPDATE)
        return self.text() if mark == 1 else self._id()

    def _content(self, kind: int) -> int:
        """Read the content of an item that is no text; returns how many clocks it takes."""
        if kind == DELETED:
            return self.varuint()
        if kind == JSON:
            if not self._is_ours:
                raise InvalidUpdate("The edit holds values as Yjs once wrote them, which yrs reads wrongly.")
            return self._times(self.text)
        if kind == ANY:
            return self._times(self._any)
        self._single(kind)
        return 1

    def _single(self, kind: int) -> None:
        if kind == BINARY:
            self.bytes()
        elif kind == EMBED:
            self._json()
        elif kind == FORMAT:
            self.text()
            self._json()
        elif kind == TYPE:
            self._type()
        elif kind == DOC:
            if not self._is_ours:
                raise InvalidUpdate(SUB_DOCUMENT)
            self.text()
            self._any()
        else:
            raise InvalidUpdate(NO_UPDATE)

    def _times(self, read: Callable[[], object]) -> int:
        count = self._count()
        for _ in range(count):
            read()
        return count

    def _type(self) -> None:
        shared_type = self.byte()
        if shared_type > XML_TEXT:
            raise InvalidUpdate(NO_UPDATE)
        if shared_type == XML_HOOK and not self._is_ours:
            raise InvalidUpdate("The edit holds a Y.XmlHook, which yrs reads wrongly; nothing of it was taken in.")
        if shared_type == XML_ELEMENT:
            self.text()

    def _json(self) -> None:
        """A value written as JSON, which yrs reads by another parser than we do: only what both take is sound."""
        text = self.text()
        if text in PLAIN_JSON:
            return
        if text.count("[") + text.count("{") > MAX_NESTING:
            raise InvalidUpdate(TOO_DEEP)
        try:
            json.dumps(parse_json(text), ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise ProtocolError("A value holds half a character.") from error

    def _any(self) -> None:
        """One value; ``open_values`` says how many are still due in each list or object that we are in."""
        open_values = [(1, False)]
        while open_values:
            due, has_keys = open_values.pop()
            if due >= SHORTEST_RUN and not has_keys:
                due -= self._scalars(due)
            if due == 0:
                continue
            self._count_value()
            if has_keys:
                self.text()
            open_values.append((due - 1, has_keys))
            mark = self.byte()
            if mark in (ANY_LIST, ANY_OBJECT):
                if len(open_values) > MAX_NESTING:
                    raise InvalidUpdate(TOO_DEEP)
                open_values.append((self._count(), mark == ANY_OBJECT))
            else:
                self._scalar(mark)

    def _count_value(self) -> None:
        self._values += 1
        if self._values > MAX_VALUES_IN_ITEM and not self._is_ours:
            raise InvalidUpdate(TOO_MANY_VALUES)

    def _scalars(self, due: int) -> int:
        """Go over as many of the ``due`` values as are numbers and the like, quickly; returns how many."""
        done = 0
        for length, run in SCALAR_RUNS:
            while due - done >= length and (found := run.match(self._data, self._position)) is not None:
                self._position = found.end()
                done += length
                self._count_numbers(length)
        return done

    def _count_numbers(self, count: int) -> None:
        self._numbers += count
        if self._numbers > MAX_NUMBERS_IN_ITEM and not self._is_ours:
            raise InvalidUpdate(TOO_MANY_VALUES)

    def _skip_integer(self) -> None:
        for _ in range(MAX_INTEGER_BYTES):
            if not self.byte() & 0x80:
                return
        raise InvalidUpdate(NO_UPDATE)

    def _scalar(self, mark: int) -> None:
        if mark in ANY_FIXED_BYTES:
            self._skip(ANY_FIXED_BYTES[mark])
        elif mark == ANY_INTEGER:  # like a varuint, with one bit of the first byte for its sign
            self._skip_integer()
        elif mark == ANY_STRING:
            self.text()
        elif mark == ANY_BYTES:
            self.bytes()
        else:
            raise InvalidUpdate(NO_UPDATE)


def shared_type_of(update: bytes, item: Item) -> int:
    """Which shared type ``item``, one of those of ``update``, makes."""
    return update[item.content]


def values_of(update: bytes, item: Item) -> list[Any]:
    """The plain values that ``item``, one of those of ``update``, holds; ``undefined`` is ``None``."""
    reader = _Values(update, item.content)
    if item.kind == ANY:
        return [reader.value() for _ in range(reader.varuint())]
    if item.kind == JSON:
        return [_parsed(reader.text()) for _ in range(reader.varuint())]
    return []


def _parsed(text: str) -> Any:
    try:
        return parse_json(text)
    except ProtocolError:
        return None


class _Values(Reader):
    """Reads values that :class:`UpdateReader` has found to be sound."""

    __slots__ = ()

    def __init__(self, data: bytes, position: int) -> None:
        super().__init__(data)
        self._position = position

    def value(self) -> Any:
        """The next one."""
        mark = self._take(1)[0]
        if mark in SIMPLE_VALUES:
            return SIMPLE_VALUES[mark]
        if mark == ANY_LIST:
            return [self.value() for _ in range(self.varuint())]
        if mark == ANY_OBJECT:
            return {self.text(): self.value() for _ in range(self.varuint())}
        if mark in ANY_NUMBERS:
            return struct.unpack(ANY_NUMBERS[mark], self._take(ANY_FIXED_BYTES[mark]))[0]
        if mark == ANY_STRING:
            return self.text()
        return self.bytes() if mark == ANY_BYTES else self._integer()

    def _take(self, length: int) -> bytes:
        start = self._position
        self._position += length
        return self._data[start : self._position]

    def _integer(self) -> int:
        """lib0's: six bits and the sign in the first byte, then seven in each."""
        byte = self._take(1)[0]
        sign, number, shift = -1 if byte & 0x40 else 1, byte & 0x3F, 6
        while byte & 0x80:
            byte = self._take(1)[0]
            number |= (byte & 0x7F) << shift
            shift += 7
        return sign * number


def units_in(text: str) -> int:
    """How many UTF-16 units a text has."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2
