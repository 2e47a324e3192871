"""What Yjs's encodings say, read with bounds: state vectors and updates (encoding v1).

The formats are described at https://github.com/yjs/yjs/blob/main/INTERNALS.md; numbers and strings are lib0's.
"""

import hashlib
from collections.abc import Callable
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
    _walk(_UpdateCheck(update))


class _UpdateReader(Reader):
    """A reader that can also take bytes whose number is known beforehand."""

    __slots__ = ()

    def byte(self) -> int:
        """The next byte."""
        try:
            byte = self._data[self._position]
        except IndexError:
            raise ProtocolError("The update is shorter than it claims to be.") from None
        self._position += 1
        return byte

    def take(self, length: int) -> bytes:
        """The next ``length`` bytes."""
        if length > self.remaining_bytes:
            raise ProtocolError("The update is shorter than it claims to be.")
        start = self._position
        self._position += length
        return self._data[start : self._position]


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
    _walk(_SurrogateReader(update, surrogates))


def splits(update: bytes, surrogates: Surrogates) -> list[Split]:
    """As :func:`note_surrogates`; returns where the update needs places in texts, of others or its own."""
    reader = _SplitReader(update, surrogates)
    _walk(reader)
    return reader.splits


class _UpdateCheck:
    """Walks over an update without making anything of it."""

    def __init__(self, update: bytes) -> None:
        self._reader = _UpdateReader(update)
        self._client = 0
        self._clock = 0

    def run(self) -> None:
        for _ in range(self._count()):
            structs = self._count()
            self._client = self._reader.varuint()
            self._clock = self._reader.varuint()
            for _ in range(structs):
                self._struct()
        for _ in range(self._count()):  # the delete set
            client = self._reader.varuint()
            for _ in range(self._count()):
                self._deletion(client, *self._id())
        self._reader.end()

    def _count(self) -> int:
        """How many things follow, each of at least one byte."""
        count = self._reader.varuint()
        if count > self._reader.remaining_bytes:
            raise InvalidUpdate("The edit claims to hold more than it does; nothing of it was taken in.")
        return count

    def _id(self) -> tuple[int, int]:
        return self._reader.varuint(), self._reader.varuint()

    def _deletion(self, client: int, clock: int, length: int) -> None:
        """``length`` edits of ``client`` from ``clock`` on are deleted."""

    def _byte(self) -> int:
        return self._reader.byte()

    def _struct(self) -> None:
        info = self._byte()
        kind = info & KIND
        if kind in (GC, SKIP):
            self._clock += self._reader.varuint()
            return
        left = self._id() if info & HAS_LEFT else None
        right = self._id() if info & HAS_RIGHT else None
        if left is None and right is None:
            self._parent(has_key=bool(info & HAS_KEY))
        self._item(left, right, kind)

    def _item(self, left: tuple[int, int] | None, right: tuple[int, int] | None, kind: int) -> None:
        """The content of the item that was written between ``left`` and ``right``."""
        self._clock += self._content(kind)

    def _parent(self, *, has_key: bool) -> None:
        if self._reader.varuint() == 1:
            self._reader.bytes()  # the name of a root type
        else:
            self._id()
        if has_key:
            self._reader.bytes()

    def _content(self, kind: int) -> int:
        """Read the content of an item; returns how many clocks it takes."""
        if kind == DELETED:
            return self._reader.varuint()
        if kind == STRING:
            return self._string(self._reader.text())
        if kind == JSON:
            return self._times(self._reader.bytes)
        if kind == ANY:
            return self._times(self._any)
        self._single(kind)
        return 1

    def _string(self, text: str) -> int:
        """A part of a text; returns how many UTF-16 units it has."""
        return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2

    def _single(self, kind: int) -> None:
        if kind in (BINARY, EMBED):
            self._reader.bytes()
        elif kind == FORMAT:
            self._reader.bytes()
            self._reader.bytes()
        elif kind == TYPE:
            self._type()
        elif kind == DOC:
            self._reader.bytes()
            self._any()
        else:
            raise InvalidUpdate(NO_UPDATE)

    def _times(self, read: Callable[[], object]) -> int:
        count = self._count()
        for _ in range(count):
            read()
        return count

    def _type(self) -> None:
        shared_type = self._reader.varuint()
        if shared_type > XML_TEXT:
            raise InvalidUpdate(NO_UPDATE)
        if shared_type in (XML_ELEMENT, XML_HOOK):
            self._reader.bytes()

    def _any(self) -> None:
        """One value; ``open_values`` says how many are still due in each list or object that we are in."""
        open_values = [(1, False)]
        while open_values:
            due, has_keys = open_values.pop()
            if due == 0:
                continue
            if has_keys:
                self._reader.bytes()
            open_values.append((due - 1, has_keys))
            mark = self._byte()
            if mark in (ANY_LIST, ANY_OBJECT):
                if len(open_values) > MAX_NESTING:
                    raise InvalidUpdate(TOO_DEEP)
                open_values.append((self._count(), mark == ANY_OBJECT))
            else:
                self._scalar(mark)

    def _scalar(self, mark: int) -> None:
        if mark in ANY_FIXED_BYTES:
            self._reader.take(ANY_FIXED_BYTES[mark])
        elif mark == 125:  # an integer: like a varuint, with one bit of the first byte for its sign
            while self._byte() & 0x80:
                pass
        elif mark in (116, 119):  # bytes, string
            self._reader.bytes()
        else:
            raise InvalidUpdate(NO_UPDATE)


class _SurrogateReader(_UpdateCheck):
    """Notes the pairs in an update's texts."""

    def __init__(self, update: bytes, surrogates: Surrogates) -> None:
        super().__init__(update)
        self._surrogates = surrogates

    def _string(self, text: str) -> int:
        if not text.isascii():
            try:
                self._surrogates.add(self._client, self._clock, text)
            except ValueError as error:  # nobody writes an update in that order
                raise InvalidUpdate(NO_UPDATE) from error
        return super()._string(text)


class _SplitReader(_SurrogateReader):
    """Notes, besides, where an update needs places."""

    def __init__(self, update: bytes, surrogates: Surrogates) -> None:
        super().__init__(update, surrogates)
        self.splits: list[Split] = []

    def _item(self, left: tuple[int, int] | None, right: tuple[int, int] | None, kind: int) -> None:
        client, clock = self._client, self._clock
        super()._item(left, right, kind)
        if left is not None and left != (client, clock - 1):  # else it is the next part of the same text
            self.splits.append(Split(left[0], left[1] + 1, client, self._clock))
        if right is not None:
            self.splits.append(Split(*right, client, self._clock))

    def _deletion(self, client: int, clock: int, length: int) -> None:
        self.splits += (Split(client, clock, None, 0), Split(client, clock + length, None, 0))


def _walk(reader: _UpdateCheck) -> None:
    """Read an update to its end; what is none is an ``InvalidUpdate``."""
    try:
        reader.run()
    except InvalidUpdate:
        raise
    except ProtocolError as error:
        raise InvalidUpdate(NO_UPDATE) from error
