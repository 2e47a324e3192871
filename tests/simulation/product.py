"""Our own Python client, as a client of the simulation: what it does about edits and refusals is the product's."""

from jupyter_collab.access import Role
from jupyter_collab.client.replica.local_replica import LocalReplica, StartAnew
from jupyter_collab.errors import CollabError
from jupyter_collab.protocol import AwarenessMessage, Hello, parse

from .client import START_ANEW, SimulatedClient
from .copies import Act, PythonCopy
from .edits import Edit
from .network import Link
from .pieces import pieces_in

__all__ = ["ProductClient"]


class ProductClient(SimulatedClient):
    """A program that has joined with ``jupyter_collab.connect``."""

    def _begin(self, unacked: set[str], seen: set[str]) -> None:
        self.replica = LocalReplica(lambda change: None, lambda: None)
        self.copy = PythonCopy(self.replica.document)
        self.unacked = unacked
        self._seen = seen

    def reload(self) -> None:
        """A program is not loaded again; its connection fails."""
        self.disconnect()

    def start_anew(self) -> None:
        """The document is refused; the next one comes with the next connection."""
        self.replica.put_aside(CollabError("The document is refused."))
        self._renewed()

    def _renewed(self) -> None:
        self._check_kept()
        self._fates.abandoned |= self.unacked
        self.unacked = set()
        self.disconnect()

    def _check_kept(self) -> None:
        unsent = self.replica.unsent
        kept = {piece for cell in unsent.cells for piece in pieces_in(cell.source)} if unsent is not None else set()
        typed = {piece for cell in self.copy.cells() for piece in pieces_in(cell.text)}
        lost = {piece for piece in typed - kept if self._promise.typed.get(piece) in self.unacked}
        assert not lost, f"given up, and not kept for {self.name}: {sorted(lost)}"

    @property
    def client_id(self) -> int:
        return self.replica.client_id

    @property
    def may_edit(self) -> bool:
        return self.replica.may_edit and not self.replica.is_being_renewed and bool(self.copy.ledger)

    def act(self, act: Act, token: str) -> None:
        super().act(act, token)
        self._flush()

    def edit(self, token: str, change: Edit, where: tuple[float, float]) -> None:
        super().edit(token, change, where)
        self._flush()

    def misbehave(self, data: bytes) -> None:
        """It never does."""

    def _ended(self) -> None:
        self.replica.disconnect()
        super()._ended()

    def _closed(self, link: Link, code: object) -> None:
        if link is self.link and code in START_ANEW:
            self.start_anew()
        elif link is self.link:
            self._ended()

    def _read(self, link: Link, data: bytes) -> None:
        if link is not self.link:
            return
        message = parse(data)
        if isinstance(message, AwarenessMessage):
            self._meet(message.payload)
            return
        try:
            self.replica.receive(message)
        except StartAnew:
            self._renewed()
            return
        self._follow()
        if isinstance(message, Hello):
            self._show()
        self._flush()

    def _follow(self) -> None:
        """Note what the replica has made of a message."""
        if self.copy.client_id != self.replica.document.doc.client_id:
            self.copy = PythonCopy(self.replica.document)
            self._seen = set()
        if not self.replica.is_being_renewed:
            self._show_ledger()
        self.is_synced = self.replica.is_in_sync
        self.role = Role(self.replica.role) if self.replica.role else self.role
        if not self.replica.pending:
            self._fates.acked |= self.unacked
            self.unacked = set()

    def _flush(self) -> None:
        try:
            messages = self.replica.take_messages()
        except StartAnew:
            self._renewed()
            return
        for data in messages:
            assert self.link is not None
            self.link.tell_server(data)
