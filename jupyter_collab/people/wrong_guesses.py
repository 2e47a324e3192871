"""Shares wrong guesses among all servers of a store, so that they count at each of them."""

import asyncio
import json
import logging
from functools import partial

from ..access import Attempts
from ..backplane import EVERYWHERE
from ..rooms import RoomManager
from ..store import ServerMessage

__all__ = ["WrongGuesses"]

log = logging.getLogger(__name__)


class WrongGuesses:
    """The counts of one ``subject``, which other servers keep too. A message that is lost is a guess more there.

    There is one message for each wrong guess. As a guess is checked by a slow hash, they are not many.
    """

    def __init__(self, rooms: RoomManager, subject: str) -> None:
        self._rooms = rooms
        self._topic = f"wrong guesses at {subject}"
        self._counts: dict[str, Attempts] = {}
        self._untold: list[tuple[str, str]] = []
        """What counts for the guess that is just now found to be wrong."""
        rooms.listeners[self._topic] = self._hear

    def count(self, name: str, limit: int, seconds: float) -> Attempts:
        """A count of this ``name``, of at most ``limit`` within ``seconds`` for each key."""
        found = self._counts[name] = Attempts(limit, seconds, on_failed=partial(self._note, name))
        return found

    def _note(self, name: str, key: str) -> None:
        if not self._untold:
            asyncio.get_running_loop().call_soon(self._tell)
        self._untold.append((name, key))

    def _tell(self) -> None:
        data = json.dumps(self._untold).encode()
        self._untold.clear()
        self._rooms.say(EVERYWHERE, self._topic, data)

    def _hear(self, message: ServerMessage) -> None:
        try:
            for name, key in json.loads(message.data):
                if name in self._counts:
                    self._counts[name].note(key)
        except (TypeError, ValueError) as error:
            log.warning("Server %s told of wrong guesses what cannot be read: %s", message.server, error)
