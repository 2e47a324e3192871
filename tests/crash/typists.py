"""People who type words that can be counted, others who move the cells, and the rules that the words must keep."""

import asyncio
import random
import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from pycrdt import Array, Doc, Map, Text

from jupyter_collab import AsyncRoom, connect_async
from jupyter_collab.client.replica.backoff import Backoff

from ..peers import RawClient
from ..servers import RunningServer

__all__ = [
    "OurTypist",
    "RawTypist",
    "Typist",
    "check_final",
    "check_seen",
    "durable_text",
    "gardening",
    "seen",
    "typing",
    "words",
]

WORD = re.compile(r"<[a-z]+\d+>")

MAX_PAUSE_SECONDS = 0.02
MAX_PAUSE_AWAY_SECONDS = 0.2
"""About a hundred words a second and person, so that each moment has some on their way; ten while away."""

QUICK = Backoff(first_seconds=0.05, longest_seconds=0.3)


def words(text: str) -> set[str]:
    """The different words in a text."""
    return set(WORD.findall(text))


class Typist(Protocol):
    """Somebody who types.

    Attributes
    ----------
    written
        All words typed so far, in order.
    """

    name: str
    written: list[str]

    @property
    def text(self) -> str:
        """What is on the screen: the texts of all cells in their order."""

    @property
    def acked(self) -> set[str]:
        """The own words that the server said are durable."""

    @property
    def ready(self) -> bool:
        """Whether there is something to type into."""

    @property
    def connected(self) -> bool:
        """Whether there is a connection, as far as one knows."""

    def type(self, word: str, rng: random.Random) -> None:
        """Type ``word`` somewhere."""

    async def saved(self) -> None:
        """Wait until all own words are durable."""


class RawTypist:
    """A :class:`Typist` with the tests' own small client."""

    def __init__(self, client: RawClient) -> None:
        self.name = client.name
        self.written: list[str] = []
        self._client = client

    @property
    def text(self) -> str:
        return "".join(str(cell["source"]) for cell in _cells(self._client.doc))

    @property
    def acked(self) -> set[str]:
        return self._client.acked

    @property
    def ready(self) -> bool:
        return self._client.hello is not None and len(_cells(self._client.doc)) > 0

    @property
    def connected(self) -> bool:
        return self._client.connected

    def type(self, word: str, rng: random.Random) -> None:
        source: Text = rng.choice(_cells(self._client.doc))["source"]
        at = _between_words(str(source), rng)
        self._client.edit(word, lambda _: source.insert(at, word))

    async def saved(self) -> None:
        await self._client.saved(seconds=30)
        assert not self._client.rejections, self._client.rejections


class OurTypist:
    """A :class:`Typist` with the project's own Python client."""

    def __init__(self, name: str, room: AsyncRoom) -> None:
        self.name = name
        self.written: list[str] = []
        self.room = room
        self._acked: set[str] = set()

    @classmethod
    @asynccontextmanager
    async def join(cls, server: RunningServer, room: str, name: str) -> AsyncIterator["OurTypist"]:
        """Somebody in the room, who leaves it at the end."""
        async with connect_async(room, server.url, server.token, backoff=QUICK) as joined:
            yield cls(name, joined)

    @property
    def text(self) -> str:
        return "".join(cell.source for cell in self.room.cells)

    @property
    def acked(self) -> set[str]:
        if self.room.pending == 0:
            self._acked = set(self.written)
        return self._acked

    @property
    def ready(self) -> bool:
        return len(self.room.cells) > 0

    @property
    def connected(self) -> bool:
        return self.room.status in ("synced", "saving", "not-saved")

    def type(self, word: str, rng: random.Random) -> None:
        cell = rng.choice(self.room.cells)
        cell.insert(_between_words(cell.source, rng), word)

    async def saved(self) -> None:
        await self.room.wait_saved(30)
        assert self.room.unsent is None, self.room.unsent


@asynccontextmanager
async def gardening(gardeners: Iterable[AsyncRoom], rng: random.Random) -> AsyncIterator[None]:
    """While this lasts, they move and retype cells, delete them and bring them back; in the end all are there."""
    async with _busy(_garden(room, random.Random(rng.random())) for room in gardeners):
        yield


@asynccontextmanager
async def typing(typists: Iterable[Typist], rng: random.Random) -> AsyncIterator[None]:
    """While this lasts, all of them type."""
    async with _busy(_type(typist, random.Random(rng.random())) for typist in typists):
        yield


@asynccontextmanager
async def _busy(work: Iterable[Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(each) for each in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ended:
        if not isinstance(end, asyncio.CancelledError):
            raise AssertionError("somebody stopped") from end


async def _type(typist: Typist, rng: random.Random) -> None:
    while True:
        if typist.ready:
            word = f"<{typist.name}{len(typist.written)}>"
            typist.type(word, rng)
            typist.written.append(word)
        await asyncio.sleep(rng.uniform(0, MAX_PAUSE_SECONDS if typist.connected else MAX_PAUSE_AWAY_SECONDS))


async def _garden(room: AsyncRoom, rng: random.Random) -> None:
    while True:
        cell = rng.choice(room.cells)
        match rng.choice(["move", "retype", "delete"]):
            case "move":
                room.move_cell(cell, rng.randrange(len(room.cells)))
            case "retype":
                room.set_cell_type(cell, rng.choice(["code", "markdown", "raw"]))
            case "delete" if len(room.cells) > 1:
                room.delete_cell(cell)
                try:
                    await asyncio.sleep(rng.uniform(0, MAX_PAUSE_SECONDS))
                finally:
                    room.restore_cell(cell.id)
        await asyncio.sleep(rng.uniform(0, MAX_PAUSE_SECONDS))


def _between_words(text: str, rng: random.Random) -> int:
    """Anywhere but inside a word: words that are split could not be counted."""
    found = text.find("<", rng.randint(0, len(text)))
    return len(text) if found < 0 else found


def seen(typist: Typist) -> set[str]:
    """The words of others that this person ever saw: nobody deletes any."""
    return words(typist.text).difference(typist.written)


def durable_text(store: Path, room: str, *, running: bool) -> str:
    """The texts of the cells as the store has them, in their order.

    If no server runs, a copy is read: who closes a database cleans up after the crash, and that is for the server.
    """
    return "".join(str(cell["source"]) for cell in _cells(_stored(store, room, running=running)))


def _stored(store: Path, room: str, *, running: bool) -> Doc[Any]:
    if running:
        return _read(store, room)
    with TemporaryDirectory() as folder:
        for file in store.parent.glob(store.name + "*"):
            shutil.copy(file, folder)
        return _read(Path(folder) / store.name, room)


def _read(store: Path, room: str) -> Doc[Any]:
    with closing(sqlite3.connect(store, timeout=10, isolation_level=None)) as database:
        database.execute("BEGIN")
        frames = database.execute("SELECT data FROM keyframes WHERE room_id = ?", (room,)).fetchall()
        log = database.execute("SELECT data FROM updates WHERE room_id = ? ORDER BY seq", (room,)).fetchall()
    doc: Doc[Any] = Doc()
    for (update,) in frames + log:
        doc.apply_update(update)
    return doc


def _cells(doc: Doc[Any], *, deleted: bool = False) -> list[Map[Any]]:
    """The cells of a document in their order, with or without those that are deleted, which keep their text."""
    cells: list[Map[Any]] = [cell for cell in doc.get("cells", type=Array) if deleted or "deleted" not in cell]
    return sorted(cells, key=lambda cell: (cell["pos"], cell["id"]))


def check_seen(typists: Sequence[Typist], store: Path, room: str, *, running: bool) -> None:
    """What anybody saw of others, and what anybody was told is saved, is in the store at this moment."""
    promised = {typist.name: seen(typist) | typist.acked for typist in typists}
    text = "".join(str(cell["source"]) for cell in _cells(_stored(store, room, running=running), deleted=True))
    durable = words(text)
    for name, told in promised.items():
        assert not told - durable, f"{name} was shown or told what is not saved: {sorted(told - durable)[:10]}"
    _check_once(text, "the store")


def _check_once(text: str, where: str) -> None:
    doubled = [word for word, count in Counter(WORD.findall(text)).items() if count > 1]
    assert not doubled, f"twice in {where}: {doubled[:10]}"


def check_final(typists: Sequence[Typist], others: dict[str, str]) -> None:
    """Every word that anybody ever typed is there once, for everybody; ``others`` are more texts, by where they are."""
    written = [word for typist in typists for word in typist.written]
    for where, text in {**{typist.name: typist.text for typist in typists}, **others}.items():
        _check_once(text, where)
        lost = set(written) - words(text)
        assert not lost, f"{len(lost)} of {len(written)} words are lost in {where}: {sorted(lost)[:10]}"
        assert len(text) == sum(map(len, written)), f"{where} has more than was typed"
    texts = {typist.text for typist in typists} | set(others.values())
    assert len(texts) == 1, "not everybody has the same text"
