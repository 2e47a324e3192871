"""What an update says, understood before it is applied: whether all is there that it builds on, and whether it may be.

yrs, which applies it, keeps what it cannot apply yet aside without a word, fails half-way on what is malformed, ends
the process on what is nested very deep, and takes whatever else there is. So nothing gets to it that is not understood
here.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence, Set
from itertools import chain
from typing import NamedTuple

from ..access import UserKind
from ..depths import MAX_TYPES_DEEP
from ..errors import CausalGap, InvalidUpdate, ProtocolError
from ..protocol import write_varuint
from ..yjs import MAX_CLOCK, SERVER_CLIENT_IDS, Deletion, UpdateReader
from .deleted import deletions_in
from .examination import Examination
from .guards import Guards
from .known import require_known
from .pairs import PairGuard
from .parts import MAX_PART_STEPS, Stride
from .places import Places
from .shared_types import GONE, Place, SharedType
from .shares import MAX_PIECES_OF_ONE, require_share
from .text_edits import Erasing, Typing, read_text_edit
from .units import Unit
from .writers import SERVER, Writers

__all__ = ["Admission", "Author", "Gate"]

MAX_UNITS_BEHIND = 5_000
"""yrs tells what a client wrote from some clock on only with all that it wrote behind that."""

MAX_DELETIONS_BYTES_AT_ONCE = 4_096
"""So long may an edit be that deletes only: two thousand things."""

MAX_SPARE_TYPES = 20_000
"""So many shared types that are gone may be remembered: each takes some hundred bytes."""

MAX_LEVELS_AT_ONCE = 1_000
"""So many levels of shared types are deleted at once; ten times as many do no harm."""

NOTHING: Mapping[SharedType, bool] = {}


class Author(NamedTuple):
    """The person or server who sends an update, known as ``name``.

    ``owner_of`` says which of them, if any, is known to be present under a client id. If ``is_own``, they wrote all of
    it; else they may pass on what others wrote.
    """

    name: str
    owner_of: Callable[[int], str | None]
    is_own: bool = True


class Admission(NamedTuple):
    """An update that may be applied, and what it does besides changing text.

    ``touched`` are the cells of which it changes what only runs should change, and whether it puts outputs there.
    """

    examination: Examination | None
    touched: Mapping[SharedType, bool]
    typing: Typing | None = None
    place: Place | None = None
    erasing: Erasing | None = None

    @property
    def is_text(self) -> bool:
        """Whether it only goes on with a text, or takes something away from one."""
        return self.examination is None

    @property
    def items(self) -> int:
        """How many things it brings or deletes."""
        found = self.examination
        return 1 if found is None else len(found.excerpts) + len(found.deletions)

    def brings(self, shared_type: SharedType) -> bool:
        """Whether a shared type comes with it."""
        return self.examination is not None and shared_type.unit in self.examination.draft.types

    @property
    def is_news(self) -> bool:
        """Whether it brings anything that is not deleted at once."""
        return self.typing is not None or (self.examination is not None and bool(self.examination.writers))


class Gate:
    """Understands updates to one document, of which it knows where everything stands.

    ``encode`` returns what the document has that a state vector has not. No peer writes under a server's
    client id, be it that of another server on the same store.
    """

    def __init__(self, encode: Callable[[bytes], bytes], writers: Writers | None = None) -> None:
        self._encode = encode
        self._first_size: int | None = None
        """How many shared types there were when the gate first got to know the document."""
        self._places = Places()
        self._guards = Guards()
        self._writers = Writers() if writers is None else writers
        self._pairs = PairGuard()
        self._cuts = 0

    @property
    def clocks(self) -> dict[int, int]:
        """How many units of each client the document has."""
        return self._places.clocks

    @property
    def clients(self) -> int:
        """How many clients ever wrote anything."""
        return self._places.clients

    def place_of(self, unit: Unit) -> Place | None:
        """Where a unit of the document stands; ``None`` if there is no such unit."""
        return self._places.of(unit)

    def writer_of(self, client_id: int) -> str | None:
        """The name of the author who has written under a client id, if that is known."""
        return self._writers.of(client_id)

    def know_writers(self, writers: Mapping[int, str]) -> None:
        """Take note of who writes under client ids, from whoever knows it better; empty for a server."""
        self._writers.know(writers)

    def claim(self, client_id: int) -> None:
        """Let nobody but servers write under a client id."""
        self._writers.add(client_id, SERVER)

    def check(self, update: bytes, author: Author) -> Admission:
        """Look at an update that ``author`` wants to have applied.

        Raises
        ------
        InvalidUpdate
            It must not be applied.
        CausalGap
            It builds on something that the document does not have.
        """
        return self.check_text(update, author) or self._check_any(update, author)

    def check_text(self, update: bytes, author: Author) -> Admission | None:
        """:meth:`check` for what nearly all updates are, at once; ``None`` for what must be looked at in full."""
        edit = read_text_edit(update)
        if edit is None:
            return None
        return self._check_typing(edit, author) if isinstance(edit, Typing) else self._check_erasing(edit)

    def cut(self, update: bytes, author: Author, stride: Stride) -> Generator[None, None, Iterator[bytes]]:
        """Look at a large update in small steps; in the end returns parts of it that are updates to be checked again.

        Each takes no more than ``stride`` says when it is asked for. Raises what :meth:`check` does, if not before the
        document changes between the steps.
        """
        found = Examination(update, self._places, self._guards, is_judged=True)
        self._cuts += 1
        try:
            yield from self._steps(update, author, found)
            yield from self._pairs.checking(update, lambda: self.clocks)
        finally:
            self._cuts -= 1
        yield from found.require_short_spans()
        return found.parts(stride)

    def _check_typing(self, typing: Typing, author: Author) -> Admission | None:
        """A text goes on, by who has written there before."""
        client, clock, end, left, right = typing
        places = self._places
        if places.end(client) != clock or end > MAX_CLOCK or self._writers.of(client) != author.name:
            return None
        place = places.place_going_on(client, left, right)
        if place is not None and place.is_text and not self._cuts_pair(left, right):
            return Admission(None, NOTHING, typing, place)
        place = None if left is None else places.site(left)
        if right is not None:
            behind = places.site(right)
            place = behind if left is None or behind is place else None
        if place is None or not place.is_text or place.insertions >= MAX_PIECES_OF_ONE:
            return None
        if right is not None and not places.lines.may_stand_between(left, right):
            return None
        if self._cuts_pair(left, right):
            return None
        return Admission(None, NOTHING, typing, place)

    def _cuts_pair(self, left: Unit | None, right: Unit | None) -> bool:
        """Whether what comes between these two may come between the halves of a character."""
        return self._pairs.has_any and self._pairs.would_cut(left and (left[0], left[1] + 1), right)

    def _check_erasing(self, erasing: Erasing) -> Admission | None:
        """A text loses something in which nothing else stands."""
        client, clock, end = erasing
        places = self._places
        if places.end(client) < end:
            return None
        if self._pairs.has_any and self._pairs.would_cut((client, clock), (client, end)):
            return None
        is_text = all(place.is_text for place in places.between(client, clock, end))
        return Admission(None, NOTHING, erasing=erasing) if is_text else None

    def _check_any(self, update: bytes, author: Author) -> Admission:
        found = Examination(update, self._places, self._guards, is_judged=True)
        for _ in self._steps(update, author, found):
            pass
        self._pairs.check(update, lambda: self.clocks)
        return Admission(found, found.touched)

    def _steps(self, update: bytes, author: Author, found: Examination) -> Iterator[None]:
        """Look at an update, in small steps."""
        yield from found.steps()
        for client in found.writers:
            owner = SERVER if client in SERVER_CLIENT_IDS else self._writers.of(client)
            if owner is None:
                owner = author.owner_of(client)
            if owner is not None and owner != author.name:
                if not author.is_own:  # another server may have it from them, and we shall read it
                    raise CausalGap("The edit has something that somebody else wrote, and that the room does not have.")
                raise InvalidUpdate(
                    "The edit is under the Yjs client id of somebody else. Nothing of it was taken in. "
                    "Take the room's document again, with a new client id."
                )
        yield from require_share(author.name, found.draft, found.writers, self._places, self._writers)
        found.require_gone()
        if found.known:
            yield from require_known(update, found.known, self.clocks, self._encode)

    def unclaimed(self, admission: Admission, author: Author) -> Set[int]:
        """The client ids of an update of which it is not known who writes under them; users of the server are trusted.

        Who sends them may pass on what somebody else wrote. Then they are theirs all the same: else nobody's would be
        all under which somebody writes so.
        """
        found = admission.examination
        if found is None or author.name in (SERVER, UserKind.SERVER):
            return frozenset()
        return self._writers.unknown(found.writers)

    def commit(self, admission: Admission, changes: Sequence[bytes], author: Author) -> Set[SharedType]:
        """An update that was admitted has been applied; ``changes`` are what the document says that it changed.

        Returns the cells from whose outputs it has taken something away.
        """
        found = admission.examination
        if found is None:
            self.commit_text(admission)
            return frozenset()
        for change in changes:
            self._pairs.learn(change)
        for client in self._writers.unknown(found.writers) if author.is_own else ():
            self._writers.add(client, author.name)
        for _ in self._add(found, author.name):
            pass
        if found.deletes:
            for deletion in chain.from_iterable(map(deletions_in, changes)):
                self._delete(deletion)
        return set(self._cut_cells(changes)) if found.cuts_outputs else frozenset()

    def take_new_clients(self) -> list[int]:
        """The client ids of which :meth:`commit` has learnt since whose they are, or that servers claimed."""
        return self._writers.take_new()

    def commit_text(self, admission: Admission) -> None:
        """A text edit that was admitted has been applied."""
        typing, place = admission.typing, admission.place
        if typing is not None and place is not None:
            client, _, end, left, right = typing
            self._places.type_text(client, place, end, left, right, self._writers.of(client) or SERVER)
        if admission.erasing is not None:
            self._places.erase(*admission.erasing)

    def _cut_cells(self, changes: Iterable[bytes]) -> Iterator[SharedType]:
        for change in changes:
            for client, start, length in deletions_in(change):
                for place in self._places.between(client, start, start + length):
                    if place.type.is_output and place.type.cell is not None:
                        yield place.type.cell

    def learn(self, update: bytes) -> Mapping[SharedType, bool]:
        """Take note of what ``update``, as the document itself reported it, brought into the document.

        Returns the cells of which it changed what only runs should change, and whether it put outputs there.
        Raises ``InvalidUpdate`` if that cannot be read.
        """
        learning = self.learning(update)
        while True:
            try:
                next(learning)
            except StopIteration as stop:
                touched: Mapping[SharedType, bool] = stop.value
                return touched

    def comparing(self, update: bytes) -> Iterator[None]:
        """Make sure, in small steps, that what ``update`` says of what the document has is what the document says.

        Raises
        ------
        InvalidUpdate
            It is not.
        """
        clocks = self.clocks
        reader = UpdateReader(update, is_ours=True)
        known = [item for item in reader.items() if item.clock < clocks.get(item.client, 0)]
        if known:
            yield from require_known(update, known, clocks, self._encode)

    def learning(self, update: bytes) -> Generator[None, None, Mapping[SharedType, bool]]:
        """:meth:`learn`, in small steps."""
        yield from self._pairs.learning(update)
        found = Examination(update, self._places, self._guards, is_judged=False)
        yield from found.steps()
        yield from self._add(found, SERVER)
        for deletion in found.deletions:
            self._delete(deletion)
            yield
        if self._first_size is None:
            self._first_size = self._places.size
        return found.touched

    def renewed(self, encode: Callable[[bytes], bytes]) -> "Gate":
        """Another one for this room, which knows nothing of its document yet, but always whose client ids are whose.

        Both learn that from what either admits.
        """
        return Gate(encode, self._writers)

    def freeing(self) -> Iterator[None]:
        """Forget where everything stands, in small steps, and so that no garbage is left. It is of no use then.

        Not while a large update is looked at: that goes on with what it began with.
        """
        return iter(()) if self._cuts else self._places.freeing()

    def is_light(self, update: bytes) -> bool:
        """Whether :meth:`check` takes a few milliseconds at most, as far as the first bytes of an update tell."""
        reader = UpdateReader(update)
        try:
            clients = reader.varuint()
            if clients == 0:
                return len(update) <= MAX_DELETIONS_BYTES_AT_ONCE
            items, client, clock = reader.varuint(), reader.varuint(), reader.varuint()
        except ProtocolError:
            return True
        is_cheap = items == 1 or items * self._places.most_pieces <= MAX_PART_STEPS  # one cannot be cut
        return clients == 1 and is_cheap and self._places.end(client) - clock < MAX_UNITS_BEHIND

    @property
    def is_bloated(self) -> bool:
        """Whether it knows of much more that is gone than of what is there, as far as can be told."""
        return self._places.size > 2 * (self._first_size or 0) + MAX_SPARE_TYPES

    def prunings(self) -> list[bytes]:
        """The deletions, to be applied in this order, after which no shared types lie too deep in each other.

        For a document from before the gate. yrs deletes by recursion, so each takes away only some of them, from below.
        """
        deep = [shared_type for shared_type in self._places.types.values() if shared_type.depth > MAX_TYPES_DEEP]
        cut = [found for found in deep if (found.depth - MAX_TYPES_DEEP - 1) % MAX_LEVELS_AT_ONCE == 0]
        cut.sort(key=lambda found: found.depth, reverse=True)
        return [_deletion_of(found.unit) for found in cut if found.unit is not None]

    def _add(self, found: Examination, author: str) -> Iterator[None]:
        """What was found is part of the document now; ``author`` sent it. In small steps."""
        yield from found.draft.commit()
        for (place, client), count in found.draft.insertions.items():
            if place is not GONE:
                writer = self._writers.of(client)
                place.insert(author if writer is None else writer, count)
            yield
        found.lay_trails()
        for place, items in found.valued.items():
            for item in items:
                unit = (item.client, item.clock)
                if not found.is_deleted(unit):
                    self._guards.add(unit, place)
            yield
        for cell, cell_id in found.ids():
            cell.cell_id = cell_id
            yield

    def _delete(self, deletion: Deletion) -> None:
        """What is deleted is guarded no longer, and nobody sees what comes into it."""
        client, start, length = deletion
        self._guards.forget(client, start, start + length)
        self._places.delete(client, start, start + length)


def _deletion_of(unit: Unit) -> bytes:
    """An update that deletes just this."""
    client, clock = unit
    return b"\x00\x01" + write_varuint(client) + b"\x01" + write_varuint(clock) + b"\x01"
