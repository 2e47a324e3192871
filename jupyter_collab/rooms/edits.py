"""How edits come into a room: from its peers, from programs, and from work on a copy."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from time import thread_time
from typing import Protocol, TypeVar

from ..access import Capability, User
from ..document import RoomDocument
from ..errors import ContentChanged, EpochMismatch, InvalidUpdate, RoomNotFound, StoreError
from ..gate import Admission, Author, Stride, parts_of_own
from ..protocol import EMPTY_UPDATE, Ack
from ..store import Origin, OriginKind, Store
from . import clock
from .audience import Audience
from .complaints import Complaints
from .counts import Counts
from .integrate import beginners
from .journal import Journal
from .life import Life, unheard
from .peer import Peer
from .replica import Replica
from .reservations import Reservations
from .room_log import RoomLog
from .sender import Sender
from .turns import in_turns, rest_after

__all__ = ["Edits"]

log = logging.getLogger(__name__)

MAX_ECHO_BYTES = 2**16
"""An edit of somebody who may not edit is looked into only if it is not larger."""

MAX_EDIT_BYTES_AT_ONCE = 2**14
"""A larger edit is looked at in small steps, and taken in in parts."""

MAX_REWORKS = 4
"""How often an edit that must build on the present content is begun again, because others were faster."""


class Reworked(Protocol):
    """What was made of a copy of a document."""

    @property
    def update(self) -> bytes:
        """The edit, as a Yjs update; empty for none."""


Result = TypeVar("Result", bound=Reworked)


class Edits:
    """Decides about each edit of one room, and hands what the document takes to the journal.

    Parameters
    ----------
    room_id, epoch
        The room, and its history.
    store
        Knows whose the room's Yjs client ids are.
    retired_clients
        The Yjs client ids that began its former histories.
    complaints
        What the log says about peers.
    on_failed
        Is told of what was wrong with an edit after :meth:`take` has returned.
    """

    def __init__(
        self,
        room_id: str,
        epoch: str,
        store: Store,
        retired_clients: Collection[int],
        life: Life,
        replica: Replica,
        journal: Journal,
        log: RoomLog,
        audience: Audience,
        reservations: Reservations,
        counts: Counts,
        complaints: Complaints,
        on_failed: Callable[[Peer, Exception], None],
    ) -> None:
        self._room_id = room_id
        self._epoch = epoch
        self._store = store
        self._retired_clients = frozenset(retired_clients)
        self._life = life
        self._replica = replica
        self._journal = journal
        self._log = log
        self._audience = audience
        self._reservations = reservations
        self._counts = counts
        self._complaints = complaints
        self._on_failed = on_failed
        self._senders: dict[Peer, Sender] = {}
        self._reworks = asyncio.Lock()

    def close(self) -> None:
        """The room has ended: nobody is told of anything any more."""
        self._on_failed = unheard

    # -- of peers ----------------------------------------------------------------------------------------------------

    def join(self, peer: Peer, author: Author) -> None:
        """Let ``peer`` send edits, as ``author``."""
        self._senders[peer] = Sender(author)

    def leave(self, peer: Peer) -> None:
        """The connection of ``peer`` has ended."""
        del self._senders[peer]

    def sender(self, peer: Peer) -> Sender:
        """What is known of the edits of ``peer``, who is in the room."""
        return self._senders[peer]

    def require_own_history(self, clients: Collection[int]) -> None:
        """Raise ``EpochMismatch`` if one of these Yjs clients began a former history of the room."""
        if not self._retired_clients.isdisjoint(clients):
            raise EpochMismatch(f"Your document is of a former room '{self._room_id}'; join with an empty document.")

    def take(self, peer: Peer, update: bytes, *, is_own: bool) -> Awaitable[None] | None:
        """Take in an edit that ``peer`` sent, or refuse it; returns what is still to be waited for, if anything.

        If not ``is_own``, it may be what others wrote and the peer passes on.

        Raises
        ------
        CollabError
            Nothing of it was taken in, and why.
        """
        sender = self._senders[peer]
        sender.received += 1
        if update == EMPTY_UPDATE:
            self._acknowledge(peer, sender)
            return None
        if not peer.role.may(Capability.EDIT):
            self._hear_reader(peer, sender, update)
            return None
        if sender.was_refused:
            raise InvalidUpdate("An edit before this one was refused; fetch the room's document again.")
        self._log.barred.require_none(peer.user.writer)
        if self._retired_clients:
            self.require_own_history(beginners(update))
        self._journal.check_space(len(update))
        is_deletion = update[:1] == b"\x00"  # an edit that only deletes is never too large
        self._reservations.admit(len(update), peer, adds=not is_deletion)
        author = sender.author if is_own else sender.author._replace(is_own=False)
        if len(update) > MAX_EDIT_BYTES_AT_ONCE:
            return self._take_in_parts(peer, sender, update, author)
        if (changes := self._replica.apply_text(update, author)) is not None:
            self._keep(peer, sender, changes)
            self._counts.edits_taken += 1
            return None
        if not self._replica.is_light(update):
            return self._take_in_parts(peer, sender, update, author)
        admission = self._replica.admit(update, author)
        if clients := self._replica.unclaimed(admission, author):
            return self._take_claimed(peer, sender, update, author, clients)
        self._take_part(peer, sender, update, author, admission)
        self._counts.edits_taken += 1
        return None

    async def _take_claimed(
        self, peer: Peer, sender: Sender, update: bytes, author: Author, clients: Collection[int]
    ) -> None:
        """Take in an edit, once its client ids are known to be its author's."""
        try:
            if await self._claimed(peer, author, clients):
                self._take_part(peer, sender, update, author)
                self._counts.edits_taken += 1
        except Exception as error:  # noqa: BLE001  # it is between the room and this peer
            self._on_failed(peer, error)

    async def _claimed(self, peer: Peer, author: Author, clients: Collection[int]) -> bool:
        """Let the store say that client ids are those of ``author``; returns whether they may still edit then.

        Else somebody else could write under them at another server meanwhile, and one of the two would have to begin
        anew with all who are there. While the store fails, that may happen.

        Raises
        ------
        ClientIdTaken, PermissionDenied
        """
        try:
            await self._store.append(self._room_id, self._epoch, (), clients=dict.fromkeys(clients, peer.origin))
            self._replica.know_writers(dict.fromkeys(clients, author.name))
        except (EpochMismatch, RoomNotFound, StoreError) as error:
            log.info("Room %s: it is not noted whose new client ids are: %s", self._room_id, error)
        await self._life.until_live()
        if peer not in self._audience.peers:
            return False  # they send the edit when they are back
        peer.require(Capability.EDIT)
        return True

    async def _take_in_parts(self, peer: Peer, sender: Sender, update: bytes, author: Author) -> None:
        """Look at a large edit as a whole, and take it in in parts; everybody else has their turn meanwhile."""
        try:
            stride = Stride()
            parts = await in_turns(self._replica.cut(update, author, stride))
            count = sender.received
            try:
                part: bytes | None = next(parts, EMPTY_UPDATE)
                while part is not None:
                    await self._life.until_live()
                    if peer not in self._audience.peers:
                        return  # they send the rest when they are back
                    peer.require(Capability.EDIT)
                    following = next(parts, None)
                    sender.received = count if following is None else count - 1  # all of it must be durable
                    began = thread_time()
                    admission: Admission | None = self._replica.admit(part, author)
                    if admission and (clients := self._replica.unclaimed(admission, author)):
                        if not await self._claimed(peer, author, clients):
                            return
                        admission, began = None, thread_time()
                    self._take_part(peer, sender, part, author, admission)
                    stride.note(took := thread_time() - began)
                    await rest_after(took)
                    part = following
                self._counts.edits_taken += 1
            finally:
                sender.received = max(sender.received, count)
        except Exception as error:  # noqa: BLE001  # it is between the room and this peer
            self._on_failed(peer, error)

    def _take_part(
        self, peer: Peer, sender: Sender, update: bytes, author: Author, admission: Admission | None = None
    ) -> None:
        changes = self._replica.apply(update, author, admission)
        self._keep(peer, sender, changes, self._replica.take_new_clients())
        if stripped := self._replica.strip_trust():
            self._complaints.add(
                peer,
                "trusted_outputs",
                "Room %s: %s marked outputs as trusted; the mark was taken out.",
                self._room_id,
                peer.name,
            )
            self._log.tidy(stripped)
        self._see_to_cells(peer.user)

    def _keep(self, peer: Peer, sender: Sender, changes: list[bytes], clients: Sequence[int] = ()) -> None:
        """Make what an edit of ``peer`` changed durable; then they are told so, and the others are shown it."""
        if not changes:
            self._acknowledge(peer, sender)
            return
        self._journal.add(changes, peer.origin, peer, sender.received, clients=clients)
        if self._journal.failing is not None:
            self._log.tell_unsaved(peer, self._journal.failing)

    def _see_to_cells(self, by: User) -> None:
        """Give cells what they lack after an edit ``by`` a person, and let them say who ran them.

        Nobody is shown the edit without that.
        """
        if self._life.is_live():
            self._log.tidy(self._replica.complete(clock.now_ms()))
            self._log.tidy(self._replica.keep_word(by))

    def _hear_reader(self, peer: Peer, sender: Sender, update: bytes) -> None:
        """Refuse an edit of ``peer``, who may not edit; but pycrdt's Provider sends back all that it hears.

        What is large is not looked into: that would cost more than a reader may. From a client that cannot be told so
        it is taken for such an echo, and ignored.
        """
        is_small = len(update) <= MAX_ECHO_BYTES
        if is_small and self._replica.knows(update):
            self._acknowledge(peer, sender)
        elif is_small or peer.speaks_v1:
            peer.require(Capability.EDIT)

    def _acknowledge(self, peer: Peer, sender: Sender) -> None:
        """Ack an edit that changed nothing, after all before it."""
        if self._journal.has_unsaved:
            self._journal.add((), peer.origin, peer, sender.received)
        else:
            peer.tell(Ack(sender.received, self._log.head_seq))

    # -- of programs ------------------------------------------------------------------------------------------------

    async def change(self, edit: Callable[[RoomDocument], None], origin: Origin, *, by: User | None = None) -> None:
        """Let ``edit`` change the document, as an edit that comes from ``origin``; returns when it is durable.

        It says what the person ``by`` wants to be there; without one, what the server knows. If ``edit`` raises, or the
        room would become too large, nothing of it stays.

        Raises
        ------
        NotSaved
            The store fails. If it began to while this waited, the edit is made durable later all the same.
        """
        await self._until_editable()
        changes = self._replica.edit(edit, self._reservations.admit, by)
        self._journal.add(changes, origin)
        self._counts.edits_taken += 1
        await self._journal.flush()

    async def rework(
        self, work: Callable[[list[bytes]], Awaitable[Result]], user: User, kind: OriginKind, *, is_exact: bool = False
    ) -> Result:
        """Let ``work`` edit a copy of the document, while others edit the room; returns when it is durable.

        ``work`` is given the whole document as Yjs updates and makes another one, which is merged as an edit by
        ``user`` that came about as ``kind`` says. What it returns is returned. One after the other is done, so that
        each builds on those before.
        If ``is_exact``, nobody may have edited the room meanwhile: then ``work`` begins again.

        Raises
        ------
        StoreError
            As for :meth:`change`.
        ContentChanged
            It had to be exact, and others were faster again and again.
        """
        async with self._reworks:
            result = await self._reworked(work, is_exact)
            if result.update:
                self._reservations.admit(len(result.update))
                await self._take_work(result.update, user, Origin.by(user, kind))
                self._counts.edits_taken += 1
        await self._journal.flush()
        return result

    async def _take_work(self, update: bytes, user: User, origin: Origin) -> None:
        """Take in what was done to a copy for ``user``, as if they had sent it."""
        author = Author(user.writer, lambda _client_id: None)
        parts = await in_turns(parts_of_own(update))
        for part in parts:
            await self._until_editable()
            began = thread_time()
            changes = self._replica.apply(part, author)
            self._journal.add(changes, origin, clients=self._replica.take_new_clients())
            self._log.tidy(self._replica.strip_trust())
            self._see_to_cells(user)
            await rest_after(thread_time() - began)

    async def _reworked(self, work: Callable[[list[bytes]], Awaitable[Result]], is_exact: bool) -> Result:
        for _ in range(MAX_REWORKS):
            await self._until_editable()
            revision = self._replica.revision
            result = await work(await self._log.updates())
            await self._until_editable()
            if not (is_exact and result.update) or self._replica.revision == revision:
                return result
        raise ContentChanged("Others edit the room all the time: read its content again, or merge with POST.")

    async def _until_editable(self) -> None:
        """Wait until the document may be edited; raises why that will not be."""
        await self._life.until_live()
        self._life.require_open()
        if self._journal.failing is not None:
            raise self._journal.failing.with_traceback(None)  # it is raised again and again
