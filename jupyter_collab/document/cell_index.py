"""The cells of a document by what is asked about them, without reading them again: kept up to date by :mod:`.watch`."""

import itertools
from collections import defaultdict
from collections.abc import Callable, Container, Iterator
from typing import Any

from pycrdt import Map, ReadTransaction, Transaction

from .cells import KEPT_KEYS
from .content import CELL_TYPES
from .deletion import DELETED
from .digest import CellDigest, cell_digest, digest
from .order import KEY, is_key
from .pycrdt_internals import has_value, plain_value
from .schema import valid_id

__all__ = ["CellIndex", "CellRecord", "MadeUpIds"]

MAX_ID_CHARACTERS = 64


class CellRecord:
    """What a map in the bag says of itself.

    ``own_id`` and ``key`` are its id and its key if they are valid; ``is_cell`` says that it has the type of a cell,
    ``has_parts`` that it has every part that a cell keeps for its life, ``is_deleted`` that it is marked as deleted.
    ``digest`` is the one that :meth:`CellIndex.take_digest` took last.
    """

    __slots__ = ("digest", "has_parts", "is_cell", "is_deleted", "key", "own_id", "shared")

    def __init__(self, shared: "Map[Any]") -> None:
        self.shared = shared
        self.own_id: str | None = None
        self.key: str | None = None
        self.digest = CellDigest()
        self.is_cell = self.has_parts = self.is_deleted = False

    def read(self, transaction: "Transaction | ReadTransaction") -> None:
        """Take over what the map says now."""
        shared = self.shared
        key = plain_value(shared, transaction, KEY)
        self.own_id = valid_id(plain_value(shared, transaction, "id"))
        self.key = key if is_key(key) else None
        self.is_cell = plain_value(shared, transaction, "cell_type") in CELL_TYPES
        self.has_parts = all(has_value(shared, transaction, part) for part in KEPT_KEYS)
        self.is_deleted = has_value(shared, transaction, DELETED)


class CellIndex:
    """The maps in the bag, in their order; the cells among them by id; and those that lack something or are deleted.

    Of several cells that claim one id, the one that has claimed it first holds it: the id names that one only. The
    order in the bag does not matter, for whoever writes a cell chooses its place there.

    Attributes
    ----------
    records
        Of all maps in the bag, in its order.
    incomplete
        The cells that have no valid id or key of their own, or lack a part.
    deleted
        The cells that are marked as deleted.
    undigested
        The maps that are new, or say something else, since their digest was taken.
    last_key
        The greatest key that any cell has had, if any had one.
    """

    def __init__(self) -> None:
        self.records: list[CellRecord] = []
        self.incomplete: dict[CellRecord, None] = {}
        self.deleted: dict[CellRecord, None] = {}
        self.undigested: dict[CellRecord, None] = {}
        self.last_key: str | None = None
        self._claims: dict[str, list[CellRecord]] = {}

    @property
    def ids(self) -> Container[str]:
        """The ids that cells claim."""
        return self._claims.keys()

    def holder(self, cell_id: str) -> CellRecord | None:
        """The cell that an id names."""
        claims = self._claims.get(cell_id)
        return claims[0] if claims else None

    def holds(self, record: CellRecord) -> bool:
        """Whether a cell's id names it."""
        return record.own_id is not None and self.holder(record.own_id) is record

    def contested(self) -> list[CellRecord]:
        """The cells that claim an id which others claim, too."""
        return [record for claims in self._claims.values() if len(claims) > 1 for record in claims]

    def insert(self, position: int, record: CellRecord, transaction: "Transaction | ReadTransaction") -> None:
        """There is a new map in the bag."""
        self.records.insert(position, record)
        self._read(record, transaction)

    def reread(self, record: CellRecord, transaction: "Transaction | ReadTransaction") -> None:
        """A map says something else of itself."""
        if record.is_cell and record.own_id is not None and record.own_id != _own_id(record, transaction):
            self._release(record)
        self._read(record, transaction)

    def remove(self, start: int, stop: int) -> list[CellRecord]:
        """Maps are gone from the bag; returns their records."""
        gone = self.records[start:stop]
        del self.records[start:stop]
        for record in gone:
            self._release(record)
            self.incomplete.pop(record, None)
            self.deleted.pop(record, None)
            self.undigested.pop(record, None)
        return gone

    def take_digest(self, transaction: "Transaction | ReadTransaction") -> None:
        """Take the digest of one of those that are ``undigested``."""
        record = next(iter(self.undigested))
        record.digest = cell_digest(record.shared, transaction)
        del self.undigested[record]

    @property
    def digest(self) -> str:
        """The digest of all, when none is ``undigested`` any more."""
        assert not self.undigested, "they come first"
        return digest([record.digest for record in self.records])

    def order_claims(self, cell_id: str, arrival: Callable[[CellRecord], int]) -> None:
        """Let those that claim an id have claimed it in the order of ``arrival``, as they have where that is equal."""
        claims = self._claims[cell_id]
        claims.sort(key=arrival)
        for record in claims:
            self._judge(record)

    def _read(self, record: CellRecord, transaction: "Transaction | ReadTransaction") -> None:
        record.read(transaction)
        self.undigested[record] = None
        if record.is_cell and record.key is not None:
            self.last_key = record.key if self.last_key is None else max(self.last_key, record.key)
        if record.is_cell and record.own_id is not None:
            claims = self._claims.setdefault(record.own_id, [])
            if record not in claims:
                claims.append(record)
        self._judge(record)

    def _release(self, record: CellRecord) -> None:
        claims = self._claims.get(record.own_id or "", [])
        if record in claims:
            claims.remove(record)
            if claims:
                self._judge(claims[0])
            else:
                del self._claims[record.own_id or ""]

    def _judge(self, record: CellRecord) -> None:
        """Tell whether a map lacks anything, and whether it is deleted."""
        is_whole = record.has_parts and record.key is not None and self.holds(record)
        _put(self.incomplete, record, is_in=record.is_cell and not is_whole)
        _put(self.deleted, record, is_in=record.is_cell and record.is_deleted)


class MadeUpIds:
    """Ids of which none is in ``taken``, nor given twice."""

    def __init__(self, taken: Container[str]) -> None:
        self._taken = taken
        self._given: set[str] = set()
        self._numbers: defaultdict[str, Iterator[int]] = defaultdict(lambda: itertools.count(2))

    def next(self, base: str) -> str:
        """``base`` with the first number that makes it free."""
        for number in self._numbers[base]:
            suffix = f"-{number}"
            cell_id = base[: MAX_ID_CHARACTERS - len(suffix)] + suffix
            if cell_id not in self._taken and cell_id not in self._given:
                self._given.add(cell_id)
                return cell_id
        raise AssertionError("numbers do not end")


def _put(records: dict[CellRecord, None], record: CellRecord, *, is_in: bool) -> None:
    if is_in:
        records[record] = None
    else:
        records.pop(record, None)


def _own_id(record: CellRecord, transaction: "Transaction | ReadTransaction") -> str | None:
    return valid_id(plain_value(record.shared, transaction, "id"))
