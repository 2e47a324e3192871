"""How the outputs of a room's cells get into its document: a little at a time, and again for as long as that fails."""

import asyncio
import logging
from collections.abc import Callable, Mapping

from ..background import Background
from ..document import RoomDocument
from ..errors import CollabError, RoomNotFound, RoomTooLarge
from ..rooms import RoomManager
from ..store import Blob
from .cell_outputs import CellOutputs

__all__ = ["OutputWriter"]

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
PATIENCE_SECONDS = 1.0
"""How long the next cell waits for the outputs of the one before to be durable."""

SHARE = 4
"""A write is followed by a rest so many times as long, so that a flood leaves the room to the others."""

MAX_REST_SECONDS = 5.0

TORRENT_REST_SECONDS = 0.5
"""The rest while more is printed than can be shown: nobody reads it, and everybody has to be sent all that is shown."""


class OutputWriter:
    """Writes the outputs of one room's cells, at least ``write_seconds`` apart.

    ``on_trouble`` is called with the error when outputs could not be written, for now or for good, and with ``None``
    when what waited is written.
    """

    def __init__(
        self, room_id: str, rooms: RoomManager, write_seconds: float, on_trouble: Callable[[CollabError | None], None]
    ) -> None:
        self._room_id = room_id
        self._rooms = rooms
        self._write_seconds = write_seconds
        self._on_trouble = on_trouble
        self._dirty: dict[str, CellOutputs] = {}
        self._writing: dict[str, CellOutputs] = {}
        self._blobs: list[Blob] = []
        self._fails = False
        self._rest_until = 0.0
        self._urgent = asyncio.Event()
        self._background = Background(f"outputs of room {room_id}", self._failed)

    def touch(self, cell: CellOutputs) -> None:
        """There is something new in ``cell``."""
        self._dirty[cell.cell_id] = cell
        self._background.run_once("writing", self._write_all, again_seconds=RETRY_SECONDS)

    async def settle(self) -> None:
        """Write what there is now, and wait until it is durable; not for ever if the store fails."""
        self._urgent.set()
        try:
            if not await self._background.wait(PATIENCE_SECONDS):
                log.warning("The outputs in room %s wait to be saved.", self._room_id)
        finally:
            self._urgent.clear()

    async def close(self) -> None:
        """Write what there is, if that works, and end."""
        await self.settle()
        await self._background.close()
        self._on_trouble = _hear_of_no_trouble

    async def _write_all(self) -> None:
        while self._dirty:
            await self._rest()
            await self._write_once()

    async def _rest(self) -> None:
        seconds = self._rest_until - asyncio.get_running_loop().time()
        if seconds > 0:
            try:
                async with asyncio.timeout(seconds):
                    await self._urgent.wait()
            except TimeoutError:
                return

    async def _write_once(self) -> None:
        loop = asyncio.get_running_loop()
        cells = self._next_cells()
        self._writing = cells
        began = loop.time()
        try:
            await self._write(cells)
        except RoomNotFound as error:
            self._dirty.clear()
            self._on_trouble(error)
        except RoomTooLarge as error:
            self._refuse(cells, error)
        else:
            if self._fails:
                self._fails = False
                self._on_trouble(None)
        finally:
            self._rest_until = loop.time() + self._rest_seconds(cells, loop.time() - began)

    def _next_cells(self) -> dict[str, CellOutputs]:
        """What is to be written next, all of one origin."""
        origin = next(iter(self._dirty.values())).origin
        cells = {cell_id: cell for cell_id, cell in self._dirty.items() if cell.origin == origin}
        self._dirty = {cell_id: cell for cell_id, cell in self._dirty.items() if cell_id not in cells}
        return cells

    def _rest_seconds(self, cells: Mapping[str, CellOutputs], took: float) -> float:
        rest = max(self._write_seconds, SHARE * took)
        if any(cell.reducer.outran for cell in cells.values()):
            rest = max(rest, TORRENT_REST_SECONDS)
        return min(rest, MAX_REST_SECONDS)

    def _failed(self, error: Exception) -> None:
        """Keep for later what the store did not take; what nobody can write waits until there is more of it."""
        if isinstance(error, CollabError):
            self._fails = True
            self._dirty = {**self._writing, **self._dirty}
            self._on_trouble(error)
        else:
            for cell in self._writing.values():  # the room has taken back what was written of it
                cell.rewrite()
            self._on_trouble(CollabError("The server failed to write the outputs; its log says why."))

    async def _write(self, cells: Mapping[str, CellOutputs]) -> None:
        """One edit for all ``cells``, which have one origin, once the blobs that it refers to are stored."""
        origin = next(iter(cells.values())).origin

        def change(document: RoomDocument) -> None:
            for cell in cells.values():
                late = cell.reducer.take_blobs()
                if late:  # they came while others were being stored
                    self._blobs += late
                    self._dirty.setdefault(cell.cell_id, cell)
                else:
                    cell.write(document)

        for cell in cells.values():
            self._blobs += cell.reducer.take_blobs()
        async with self._rooms.using(self._room_id) as room:
            if self._blobs:
                blobs = list(self._blobs)
                await self._rooms.store.put_blobs(self._room_id, blobs)
                del self._blobs[: len(blobs)]
            await room.edits.change(change, origin)

    def _refuse(self, cells: Mapping[str, CellOutputs], error: RoomTooLarge) -> None:
        log.warning("The outputs in room %s are dropped: %s", self._room_id, error)
        for cell in cells.values():
            if not cell.reducer.is_refused:
                cell.refuse(error)
                self._dirty[cell.cell_id] = cell
        self._on_trouble(error)


def _hear_of_no_trouble(_error: CollabError | None) -> None:
    """Who hears of trouble when the writer is closed."""
