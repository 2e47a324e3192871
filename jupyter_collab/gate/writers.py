"""The owner of each Yjs client id: nobody else may write under it."""

from collections.abc import Mapping, Set

__all__ = ["SERVER", "Writers"]

SERVER = ""
"""Owns the client ids of servers' documents. No person is named so."""


class Writers:
    """The names of authors, as :class:`~.gate.Author` has them, by client ids, as far as they are known."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._new: list[int] = []
        """The client ids that were added since :meth:`take_new` was called."""

    def of(self, client: int) -> str | None:
        """The owner of a client id, if known."""
        return self._names.get(client)

    def unknown(self, clients: Set[int]) -> Set[int]:
        """Those of ``clients`` of which it is not known who writes under them."""
        return clients - self._names.keys()

    def clients_of(self, name: str) -> set[int]:
        """The client ids of an author."""
        return {client for client, other in self._names.items() if other == name}

    def know(self, writers: Mapping[int, str]) -> None:
        """Take note of who writes under client ids, from whoever knows it better."""
        self._names.update(writers)

    def add(self, client: int, name: str) -> None:
        """From now on nobody but the author of this name may write under a client id."""
        self._names[client] = name
        self._new.append(client)

    def take_new(self) -> list[int]:
        """The client ids that were added since this was called last."""
        taken, self._new = self._new, []
        return taken
