"""A Yjs client as ``docs/wire.md`` wants it: it keeps what is not acknowledged, and offers it again."""

import asyncio
import json
import random
from dataclasses import dataclass
from typing import Any, Protocol

from jupyter_collab.access import Role
from jupyter_collab.errors import CloseCode
from jupyter_collab.protocol import (
    Ack,
    AwarenessEntry,
    AwarenessMessage,
    Event,
    Hello,
    Message,
    Rejection,
    SyncStep1,
    SyncStep2,
    Update,
    build,
    build_awareness,
    parse,
    parse_awareness,
)

from .copies import Act, Copy, NodeCopy, PythonCopy, SeenCell, new_copy
from .edits import Edit
from .network import Link
from .pieces import pieces_in
from .plan import ClientPlan
from .promise import Promise, is_late
from .tokens import Fates, tokens_in

__all__ = ["Gate", "SimulatedClient"]

RETRY_SECONDS = 0.3
RENEWAL_SECONDS = 15.0
START_ANEW = frozenset({CloseCode.MALFORMED, CloseCode.FORBIDDEN, CloseCode.EPOCH_MISMATCH, CloseCode.ROOM_TOO_LARGE})
"""After these a client's document is not what the room's is: it keeps its user's text and takes the room's anew."""


@dataclass(frozen=True)
class _Sent:
    """An edit on its way: the tokens that an ack of it covers, and those that were never sent before.

    ``changes`` is how many changes the author's document had had; an ack covers them all.
    """

    covered: set[str]
    first_sent: set[str]
    changes: int


class Gate(Protocol):
    """Where a client knocks."""

    def admit(self, client: "SimulatedClient", link: Link) -> object | None:
        """Lead ``link`` to the room; answers the server that does so, if there is one."""


class SimulatedClient:
    """One person's client, over connections that come and go."""

    def __init__(
        self, plan: ClientPlan, number: int, gate: Gate, fates: Fates, promise: Promise, rng: random.Random
    ) -> None:
        self.plan = plan
        self.name = plan.name
        self.role = Role(plan.role)
        self.link: Link | None = None
        self.server: object | None = None
        self.is_offline = False
        self.is_synced = False
        self.sees: dict[int, Any] = {}
        self.rng = rng
        self._gate = gate
        self._fates = fates
        self._promise = promise
        self._number = number
        self._instances = 0
        self._retry: asyncio.TimerHandle | None = None
        self._sent: dict[int, _Sent] = {}
        self._ever_sent: set[str] = set()
        self._edits = 0
        self._changes = 0
        self._saved_changes = 0
        self._may_send = False
        self._clocks: dict[int, int] = {}
        self._presence_clock = 0
        self._given_up: Copy | None = None
        self._begin(set(), set())
        self._renew()

    # The document

    def _next_client_id(self) -> int:
        self._instances += 1
        return (self._number + 1) * 1000 + self._instances

    def _begin(self, unacked: set[str], seen: set[str]) -> None:
        self.copy: Copy = new_copy(self.plan.copy, self._next_client_id())
        self.unacked = unacked
        self._seen = seen
        self.copy.on_edit = self._made

    def reload(self) -> None:
        """The page is loaded again; the document was kept in the browser, and another client id goes on with it."""
        self.disconnect()
        former = self.copy
        self._begin(self.unacked, self._seen)
        self.copy.resume(former.update_since(), former.own())
        self._show_ledger()

    def start_anew(self) -> None:
        """Give the document up; what of it is not acknowledged is kept for the user, and nobody's duty any more."""
        self.disconnect()
        self._check_kept()
        self._fates.abandoned |= self.unacked
        self._saved_changes = self._changes
        self._given_up = self._given_up or self.copy
        self._begin(set(), set())
        # A page that is loaded again learns its role only from the server.
        self.copy.set_read_only(self.role is Role.VIEWER)

    @property
    def has_unsaved(self) -> bool:
        """Whether a change that was made here may not be durable; also one that no user made, which has no token."""
        return bool(self.unacked) or self._saved_changes < self._changes

    def _check_kept(self) -> None:
        kept = self.copy.unsent()
        if kept is not None:
            typed = {piece for cell in self.copy.cells() for piece in pieces_in(cell.text)}
            owed = {piece for piece in typed if self._promise.typed.get(piece) in self.unacked}
            lost = owed - {piece for text in kept for piece in pieces_in(text)}
            assert not lost, f"given up, and not kept for {self.name}: {sorted(lost)}"

    @property
    def may_edit(self) -> bool:
        """Whether the user can type: a viewer's pane is read-only, but not every program heeds that."""
        return bool(self.copy.ledger) and (self.role is not Role.VIEWER or self.plan.is_stubborn)

    def late_cells(self, do: str) -> list[SeenCell]:
        """The deleted cells that this client offers to bring back, or dismiss, if it is to ``do`` that."""
        if do not in ("bring_back", "dismiss"):
            return []
        late = [cell for cell in self.copy.raw() if is_late(cell)]
        if not isinstance(self.copy, NodeCopy):
            # A program does not know what of a merged cell is in another one.
            late = [cell for cell in late if "into" not in cell["deleted"]]
        return [SeenCell(cell["id"], cell["cell_type"], cell["source"]) for cell in late]

    def act(self, act: Act, token: str) -> None:
        """Do something with the cells, as one edit with its token in the ledger."""
        before = self.copy.cells()
        self._own(token)
        self.copy.act(act, token)
        in_page = self.plan.copy == "notebook"
        self._promise.note(act, token, self.name, before, self.copy.cells(), in_page=in_page)

    def edit(self, token: str, change: Edit, where: tuple[float, float]) -> None:
        """Make an edit that only programs make."""
        assert isinstance(self.copy, PythonCopy)
        doc = self.copy.doc
        self._own(token)
        self.copy.edit(lambda: change(doc, token, where), token)

    def _own(self, token: str) -> None:
        self._fates.made(token, by_viewer=self.plan.keeps_role and self.role is Role.VIEWER)
        self.unacked.add(token)

    def _made(self, update: bytes) -> None:
        self._changes += 1
        if self._may_send:
            self._send_edit(Update(update))

    def _apply(self, update: bytes) -> None:
        self.copy.apply(update)
        self._show_ledger()

    def _show_ledger(self) -> None:
        seen = set(self.copy.ledger)
        self._fates.show(seen - self._seen - self.unacked)
        self._seen = seen

    # The connection

    def connect(self) -> None:
        """Knock at the gate, again and again."""
        if self.link is not None or self.is_offline:
            return
        self._sent.clear()
        self._edits = 0
        self._may_send = self.plan.is_plain
        link = Link(self.rng, lambda data: self._read(link, data), lambda code: self._closed(link, code))
        self.server = self._gate.admit(self, link)
        if self.server is None:
            self._retry_later()
            return
        self.link = link
        if self.plan.is_plain:
            self._send(SyncStep1(self.copy.vector))
            self._show()
            self._take_role(self.role)

    def _retry_later(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
        delay = RETRY_SECONDS * (0.5 + self.rng.random())
        self._retry = asyncio.get_running_loop().call_later(delay, self.connect)

    def disconnect(self, noticed_after: float = 0.0) -> None:
        """The connection fails; try again later."""
        if self.link is not None:
            self.link.cut(noticed_after)
        self._ended()

    def _ended(self) -> None:
        self.link = None
        self.is_synced = False
        self._may_send = False
        self.sees.clear()
        if not self.plan.is_plain:
            self._clocks.clear()
        self._retry_later()

    def _closed(self, link: Link, code: CloseCode | None) -> None:
        if link is not self.link:
            return
        self._ended()
        if code in START_ANEW:
            self.start_anew()

    def _send(self, message: Message) -> None:
        assert self.link is not None
        self.link.tell_server(build(message))

    def _send_edit(self, message: SyncStep2 | Update) -> None:
        if self.link is not None:
            self._edits += 1
            carried = tokens_in(message.update)
            self._sent[self._edits] = _Sent(set(self.unacked), carried - self._ever_sent, self._changes)
            self._ever_sent |= carried
            self._send(message)

    def misbehave(self, data: bytes) -> None:
        """Send what is no edit, as one."""
        if self.link is not None:
            self._edits += 1
            self._send(Update(data))

    # Messages

    def _read(self, link: Link, data: bytes) -> None:
        if link is not self.link:
            return
        match parse(data):
            case Hello(info):
                self._send(SyncStep1(self.copy.vector))
                self._show()
                self._take_role(Role(info["role"]))
            case SyncStep1(vector):
                self._may_send = True
                self._send_edit(SyncStep2(self.copy.update_since(vector)))
            case SyncStep2(update):
                self._apply(update)
                self._synced()
            case Update(update):
                self._apply(update)
            case AwarenessMessage(payload):
                self._meet(payload)
            case Ack(count, _):
                self._acked(count)
            case Rejection(count, reason, _):
                self._rejected(count, reason)
            case Event(event) if event["type"] == "role":
                self._take_role(Role(event["role"]))

    def _synced(self) -> None:
        self.is_synced = True
        former, self._given_up = self._given_up, None
        if former is not None:
            self.copy.take_over(former)

    def _take_role(self, role: Role) -> None:
        self.role = role
        self.copy.set_read_only(role is Role.VIEWER)
        if role is not Role.VIEWER:
            return
        if self.plan.is_stubborn:
            self._may_send = True
            if self.unacked:
                self._send_edit(SyncStep2(self.copy.update_since()))
        elif self.has_unsaved:
            self.start_anew()

    def _acked(self, count: int) -> None:
        for number in [number for number in self._sent if number <= count]:
            sent = self._sent.pop(number)
            self._fates.acked |= sent.covered
            self.unacked -= sent.covered
            self._saved_changes = max(self._saved_changes, sent.changes)
        if not self.unacked:
            self.copy.settle()

    def _rejected(self, count: int, reason: str) -> None:
        sent = self._sent.pop(count, None)
        if reason != "causal_gap":
            self._fates.refused |= sent.first_sent & self.unacked if sent is not None else set()
            self.start_anew()

    # Presence

    def _show(self) -> None:
        self._presence_clock += 1
        state = json.dumps({"name": self.name})
        self._send(AwarenessMessage(build_awareness([AwarenessEntry(self.client_id, self._presence_clock, state)])))

    @property
    def client_id(self) -> int:
        """The document's."""
        return self.copy.client_id

    def _renew(self) -> None:
        """Say again that we are here, as y-protocols' clients do."""
        asyncio.get_running_loop().call_later(RENEWAL_SECONDS, self._renew)
        if self.link is not None:
            self._show()

    def _meet(self, payload: bytes) -> None:
        """Take in what is said of others, as y-protocols' awareness does."""
        entries = parse_awareness(payload, max_state_bytes=10**6, max_entries=10**4)
        news = [entry for entry in entries if self._believe(entry, json.loads(entry.state))]
        if news and self.plan.is_plain and self.link is not None:
            self._send(AwarenessMessage(build_awareness(news)))  # y-websocket sends back what was news to it

    def _believe(self, entry: AwarenessEntry, state: Any) -> bool:
        if entry.client_id == self.client_id:
            if state is None and entry.clock >= self._presence_clock and self.link is not None:
                self._presence_clock = entry.clock
                self._show()  # no, we are here
            return False
        known = self._clocks.get(entry.client_id, -1)
        if entry.clock < known or (entry.clock == known and state is not None):
            return False
        self._clocks[entry.client_id] = entry.clock
        self.sees.pop(entry.client_id, None)
        if state is not None:
            self.sees[entry.client_id] = state
        return True
