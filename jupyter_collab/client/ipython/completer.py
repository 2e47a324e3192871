"""Completions for ``%collab``."""

import asyncio
import time
from collections.abc import Sequence

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult, context_matcher

from ...errors import CollabError
from ..blocking.loop import background_loop
from ..http.discovery import find_server
from ..http.rest_client import RestClient

__all__ = ["RoomCompleter"]

ANSWER_SECONDS = 1.0
"""How long somebody who pressed Tab waits at most for the server."""

FRESH_SECONDS = 5.0
"""How long the list of rooms is taken to be what it was."""


class RoomCompleter:
    """Completes commands, and the rooms that they are about."""

    def __init__(self, commands: Sequence[str]) -> None:
        self._commands = list(commands)
        self._rooms: list[str] = []
        self._asked_at: float | None = None

    @context_matcher()  # type: ignore[untyped-decorator]  # IPython gives it no types
    def match(self, context: CompletionContext) -> SimpleMatcherResult:
        """What the word at the caret may become: one of IPython's matchers."""
        before, _, word = context.text_until_cursor.rpartition(" ")
        found = [SimpleCompletion(text) for text in self._words(before.split()) if text.startswith(word)]
        return SimpleMatcherResult(completions=found, matched_fragment=word, suppress=True)

    def _words(self, before: list[str]) -> list[str]:
        match before:
            case ["%collab"]:
                return self._commands
            case ["%%collab"] | ["%collab", _]:
                return self._room_ids()
            case _:
                return []

    def _room_ids(self) -> list[str]:
        now = time.monotonic()
        if self._asked_at is None or now - self._asked_at > FRESH_SECONDS:
            self._asked_at = now
            try:
                self._rooms = background_loop().wait(_list_rooms)
            except (CollabError, TimeoutError):
                self._rooms = []  # a key press is no place to complain; the command will
        return self._rooms


async def _list_rooms() -> list[str]:
    async with asyncio.timeout(ANSWER_SECONDS), RestClient(await find_server()) as rest:
        return [room["id"] for room in (await rest.list_rooms())["rooms"]]
