"""What Yjs's encodings say, read with bounds: state vectors and updates (encoding v1).

The formats are described at https://github.com/yjs/yjs/blob/main/INTERNALS.md; numbers and strings are lib0's.
"""

import hashlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ..errors import InvalidUpdate, ProtocolError
from ..protocol import Reader
from .surrogates import Surrogates

__all__ = ["MAX_NESTING", "Split", "check_update", "epoch_client_id", "note_surrogates", "splits", "state_vector"]

MAX_NESTING = 100
"""So deep may lists and objects lie in each other inside one value. Far deeper ones overflow the stack of yrs."""

NO_UPDATE = "The edit is not a Yjs update; nothing of it was taken in."
TOO_DEEP = f"The edit holds a value nested more than {MAX_NESTING} deep; nothing of it was taken in."

HAS_LEFT, HAS_RIGHT, HAS_KEY, KIND = 0x80, 0x40, 0x20, 0x1F
"""What the bits of the byte that begins each struct of an update mean."""

GC, DELETED, JSON, BINARY, STRING, EMBED, FORMAT, TYPE, ANY, DOC, SKIP = range(11)
"""The kinds of structs."""

XML_ELEMENT, XML_HOOK, XML_TEXT = 3, 5, 6
"""Shared types; those up to the last are all that Yjs has, and the other two named here have a name."""

ANY_LIST, ANY_OBJECT = 117, 118
ANY_FIXED_BYTES = {120: 0, 121: 0, 122: 8, 123: 8, 124: 4, 126: 0, 127: 0}
"""The bytes that follow lib0's mark of a value: true, false, bigint, float64, float32, null, undefined."""


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


def check_update(update: bytes) -> None:
    """Make sure that ``update`` is one, claims no more than it holds, and nests at most :data:`MAX_NESTING` deep.

    yrs decodes and reads nested values by recursion, so a few kilobytes of brackets would end the process. What
    cannot be nested so deep, as it is too short or has too few marks of lists and objects, is passed unread.

    Raises
    ------
    InvalidUpdate
        It must not be applied.
    """
    if len(update) <= MAX_NESTING or update.count(ANY_LIST) + update.count(ANY_OBJECT) <= MAX_NESTING:
        return
    UpdateReader(update).read()


def only_kind(update: bytes) -> int | None:
    """The kind of the only struct of ``update``; ``None`` if it has none or several, or is no update."""
    reader = UpdateReader(update)
    try:
        if reader.varuint() != 1 or reader.varuint() != 1:
            return None
        reader.varuint(), reader.varuint()  # whose it is
        return reader.byte() & KIND
    except ProtocolError:
        return None


class Item(NamedTuple):
    """``length`` edits that ``client`` made from ``clock`` on, as one struct of an update says it.

    ``left`` and ``right`` are the edits, by client and clock, between which it was made. If both are None, ``parent``
    is the shared type in which: the name of a root one, or the edit that made it. ``text`` is that of a text. A struct
    that is collected or skipped has none of these.
    """

    client: int
    clock: int
    length: int
    kind: int
    left: tuple[int, int] | None = None
    right: tuple[int, int] | None = None
    parent: str | tuple[int, int] | None = None
    text: str | None = None


class Deletion(NamedTuple):
    """``length`` edits of ``client`` from ``clock`` on are deleted."""

    client: int
    clock: int
    length: int


class UpdateReader(Reader):
    """Reads an update: first all its items, then its deletions. Whatever is wrong with it is an ``InvalidUpdate``."""

    __slots__ = ()

    def read(self) -> None:
        """Read all of it, and make nothing of it."""
        for _ in self.items():
            pass
        for _ in self.deletions():
            pass

    def items(self) -> Iterator[Item]:
        """The structs, client by client."""
        try:
            for _ in range(self._count()):
                structs = self._count()
                client, clock = self.varuint(), self.varuint()
                for _ in range(structs):
                    item = self._item(client, clock)
                    clock += item.length
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
                    yield Deletion(client, self.varuint(), self.varuint())
            self.end()
        except InvalidUpdate:
            raise
        except ProtocolError as error:
            raise InvalidUpdate(NO_UPDATE) from error

    def _item(self, client: int, clock: int) -> Item:
        info = self.byte()
        kind = info & KIND
        if kind in (GC, SKIP):
            return Item(client, clock, self.varuint(), kind)
        left = self._id() if info & HAS_LEFT else None
        right = self._id() if info & HAS_RIGHT else None
        parent = self._parent(has_key=bool(info & HAS_KEY)) if left is None and right is None else None
        if kind == STRING:
            text = self.text()
            return Item(client, clock, units_in(text), kind, left, right, parent, text)
        return Item(client, clock, self._content(kind), kind, left, right, parent)

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

    def _parent(self, *, has_key: bool) -> str | tuple[int, int]:
        parent = self.text() if self.varuint() == 1 else self._id()
        if has_key:
            self.bytes()
        return parent

    def _content(self, kind: int) -> int:
        """Read the content of an item that is no text; returns how many clocks it takes."""
        if kind == DELETED:
            return self.varuint()
        if kind == JSON:
            return self._times(self.bytes)
        if kind == ANY:
            return self._times(self._any)
        self._single(kind)
        return 1

    def _single(self, kind: int) -> None:
        if kind in (BINARY, EMBED):
            self.bytes()
        elif kind == FORMAT:
            self.bytes()
            self.bytes()
        elif kind == TYPE:
            self._type()
        elif kind == DOC:
            self.bytes()
            self._any()
        else:
            raise InvalidUpdate(NO_UPDATE)

    def _times(self, read: Callable[[], object]) -> int:
        count = self._count()
        for _ in range(count):
            read()
        return count

    def _type(self) -> None:
        shared_type = self.varuint()
        if shared_type > XML_TEXT:
            raise InvalidUpdate(NO_UPDATE)
        if shared_type in (XML_ELEMENT, XML_HOOK):
            self.bytes()

    def _any(self) -> None:
        """One value; ``open_values`` says how many are still due in each list or object that we are in."""
        open_values = [(1, False)]
        while open_values:
            due, has_keys = open_values.pop()
            if due == 0:
                continue
            if has_keys:
                self.bytes()
            open_values.append((due - 1, has_keys))
            mark = self.byte()
            if mark in (ANY_LIST, ANY_OBJECT):
                if len(open_values) > MAX_NESTING:
                    raise InvalidUpdate(TOO_DEEP)
                open_values.append((self._count(), mark == ANY_OBJECT))
            else:
                self._scalar(mark)

    def _scalar(self, mark: int) -> None:
        if mark in ANY_FIXED_BYTES:
            self._skip(ANY_FIXED_BYTES[mark])
        elif mark == 125:  # an integer: like a varuint, with one bit of the first byte for its sign
            while self.byte() & 0x80:
                pass
        elif mark in (116, 119):  # bytes, string
            self.bytes()
        else:
            raise InvalidUpdate(NO_UPDATE)


def units_in(text: str) -> int:
    """How many UTF-16 units a text has."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


class Split(NamedTuple):
    """An update needs a place right before what ``client`` wrote at ``clock``, so a text may have to be taken apart.

    It is for something that the client ``by`` wrote, which ends before its clock ``by_end``; or for a deletion: then
    ``by`` is None.
    """

    client: int
    clock: int
    by: int | None
    by_end: int


def note_surrogates(update: bytes, surrogates: Surrogates) -> None:
    """Take note of the pairs in the texts of ``update`` in ``surrogates``; raises ``InvalidUpdate`` if it is none."""
    splits(update, surrogates)


def splits(update: bytes, surrogates: Surrogates) -> list[Split]:
    """As :func:`note_surrogates`; returns where the update needs places in texts, of others or its own."""
    reader = UpdateReader(update)
    found: list[Split] = []
    for client, clock, length, _, left, right, _, text in reader.items():
        if text is not None and not text.isascii():
            try:
                surrogates.add(client, clock, text)
            except ValueError as error:  # nobody writes an update in that order
                raise InvalidUpdate(NO_UPDATE) from error
        end = clock + length
        if left is not None and left != (client, clock - 1):  # else it is the next part of the same text
            found.append(Split(left[0], left[1] + 1, client, end))
        if right is not None:
            found.append(Split(*right, client, end))
    for client, clock, length in reader.deletions():
        found += (Split(client, clock, None, 0), Split(client, clock + length, None, 0))
    return found
