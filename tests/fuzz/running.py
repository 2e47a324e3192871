"""A running server that made-up requests and messages are sent to, and what must be true of it after each plan."""

import asyncio
import json
import os
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import httpx
import nbformat
from nbformat.v4.rwbase import strip_transient
from pycrdt import Array, Doc

from jupyter_collab.access import Role
from jupyter_collab.document import RoomDocument
from jupyter_collab.document.values import canonical
from jupyter_collab.store import SQLStore
from jupyter_collab.yjs import state_vector

from ..attack.guests import OWN_PAGE
from ..attack.memory import MIB
from ..peers import RawClient
from ..servers import PLAIN, start_server
from .room import NOTEBOOK, Broken
from .watch import WATCHED, Pause, look

__all__ = ["MAX_GROWTH_BYTES", "MAX_PAUSE_SECONDS", "FuzzedServer", "Plan", "require"]

Plan = dict[str, Any]
"""What is done, as JSON. ``kind`` says what :mod:`.kinds` plays it."""

MAX_PAUSE_SECONDS = 0.05
MAX_GROWTH_BYTES = 50 * MIB
MAX_RESTARTED_ROOMS = 300

ERRORS = ("Traceback", "[E ", "[C ", "panicked", "ERROR", "Exception ignored")

SETTINGS = {
    "idle_seconds": 0.3,
    "max_loop_seconds_per_minute_per_person": 60.0,
    "accounts_may_create_rooms": True,
}
"""Rooms without people leave the memory soon, and guests are nearly as fast as the server is."""

Result = TypeVar("Result")


class FuzzedServer:
    """A server for all plans of a run; each has a room of its own. A context manager. ``rooms`` are their ids."""

    def __init__(self, folder: Path) -> None:
        self.rooms: list[str] = []
        self._folder = folder
        self._runner = asyncio.Runner()

    def __enter__(self) -> "FuzzedServer":
        self.server = start_server(self._folder, ServerApp=WATCHED, CollabExtension=SETTINGS)
        self.owner = httpx.Client(
            base_url=f"{self.server.url}api/collab/", headers=self.server.headers, timeout=60, verify=PLAIN
        )
        self._store = SQLStore(f"sqlite:///{self._folder / 'data' / 'collab' / 'rooms.sqlite'}")
        self.run(self._store.open())
        self._log = (self._folder / "server.log").open("rb")
        self._begin()
        return self

    def _begin(self) -> None:
        self._process_id = self.server.pid
        look(self.server)  # what took long at its start does not count
        self._log.seek(0, os.SEEK_END)

    def __exit__(self, *_: object) -> None:
        self.run(self._store.close())
        self._runner.close()
        self.owner.close()
        self._log.close()
        self.server.stop()

    def run(self, wanted: Coroutine[Any, Any, Result]) -> Result:
        """Wait for ``wanted``."""
        return self._runner.run(wanted)

    # What plans need

    def room(self, **fields: Any) -> str:
        """A new room, of which the notebook is the same one each time."""
        answer = self.owner.post("rooms", json={"content": NOTEBOOK, **fields})
        require(answer.status_code == 201, f"No room: {answer.text[:200]}")
        self.rooms.append(answer.json()["id"])
        return self.rooms[-1]

    def guest(self, room: str, role: Role) -> dict[str, str]:
        """The headers of somebody who came with a link."""
        token = self.owner.post(f"rooms/{room}/invitations", json={"role": role.value}).json()["token"]
        with httpx.Client(base_url=f"{self.server.url}collab/api/", headers=OWN_PAGE, verify=PLAIN) as browser:
            browser.post("join", json={"token": token, "name": "Eve"}).raise_for_status()
            cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        return {**OWN_PAGE, "Cookie": cookie}

    # What must be true

    async def require_one_document(self, room: str, ada: RawClient) -> None:
        """Ada, who can still type, has the document that who comes now is given, and that a restart would read."""
        if len(ada.doc.get("cells", type=Array)):
            ada.write("<ada>", 0)
        await ada.saved()
        await self.require_equal(room, ada)

    async def require_equal(self, room: str, ada: RawClient) -> None:
        """See :meth:`require_one_document`; nobody types."""
        async with RawClient(self.server, room, "newcomer") as newcomer:
            await newcomer.joined()
            log = await self._store.read_log(room)
            stored: Doc[Any] = Doc()
            for update in [*([log.state] if log.state else []), *(entry.update for entry in log.entries)]:
                stored.apply_update(update)
            say = {"Ada": _known(ada.doc), "a newcomer": _known(newcomer.doc), "the store": _known(stored)}
        require(not ada.ends, f"Ada was disconnected: {ada.ends}")
        require(not ada.rejections, f"Ada was refused: {ada.rejections}")
        for name, known in say.items():
            require(known == say["Ada"], f"What {name} has is not what Ada has.")
        answer = await asyncio.to_thread(self.owner.get, f"rooms/{room}/content")
        require(answer.status_code == 200, f"The content cannot be read: {answer.text[:200]}")
        notebook = nbformat.reads(answer.text, as_version=4)
        nbformat.validate(notebook)
        # What nbformat takes for transient is in no file: what format a notebook once had, and its signature.
        written = strip_transient(nbformat.from_dict(json.loads(say["Ada"][2])))
        require(canonical(notebook) == canonical(written), "The file says something else than the document.")

    def look(self) -> list[Pause]:
        """See that the server is well; returns the pauses since the last time."""
        require(self.server.is_running, "The server's process has ended.")
        seen = look(self.server)
        require(seen.process_id == self._process_id, "The server is another process.")
        said = self._log.read().decode(errors="replace")
        for word in ERRORS:
            require(word not in said, f"The log says: {said[max(0, said.find(word) - 300) :][:1500]}")
        return seen.pauses

    def restart(self) -> list[str]:
        """Start the server anew; returns the rooms whose content is another one afterwards."""
        before = self._contents() if self.server.is_running else {}
        self.server.restart()
        self._begin()
        after = self._contents()
        return [room for room, content in before.items() if content != after[room]]

    def _contents(self) -> dict[str, tuple[int, str]]:
        answers = {room: self.owner.get(f"rooms/{room}/content") for room in self.rooms[-MAX_RESTARTED_ROOMS:]}
        return {room: (answer.status_code, answer.text) for room, answer in answers.items()}

    def resident_bytes(self) -> int:
        """The memory of the server, after garbage was collected."""
        return look(self.server, collect=True).resident_bytes


def require(holds: bool, otherwise: str) -> None:
    """Raise :class:`Broken` if not."""
    if not holds:
        raise Broken(otherwise)


def _known(doc: "Doc[Any]") -> tuple[dict[int, int], str, str]:
    """What a document says: which edits are in it, what its texts are, and its notebook."""
    copy = RoomDocument()
    copy.doc.apply_update(doc.get_update())
    return state_vector(doc.get_state()), copy.digest, canonical(copy.to_notebook())
