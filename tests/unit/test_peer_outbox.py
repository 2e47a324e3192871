"""What a peer is owed: sent in order, merged while it does not read, and given up on beyond a bound."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pycrdt import Doc, Text

from jupyter_collab.errors import CollabError
from jupyter_collab.protocol import Ack, SyncStep2, Update, build, parse
from jupyter_collab.rooms.fanout import MAX_MERGED_UPDATES
from jupyter_collab.rooms.peer_outbox import PeerOutbox

from .doubles import MemoryTransport
from .updates import client_document, recorded_updates


@dataclass
class Owed:
    """An outbox, and what came of it."""

    max_bytes: int = 1_000_000
    transport: MemoryTransport = field(default_factory=MemoryTransport)
    ready: int = 0
    overflows: list[CollabError] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.outbox = PeerOutbox(self.transport, self.max_bytes, self._count_ready, self.overflows.append)

    def _count_ready(self) -> None:
        self.ready += 1

    def stall(self) -> None:
        """The peer stops reading, with one message on its way."""
        self.transport.stalled = True
        self.outbox.send(build(Ack(0, 0)))
        assert self.outbox.busy

    def send_updates(self, *updates: bytes) -> None:
        for update in updates:
            self.outbox.send_update(update, build(Update(update)))


def typing(characters: int) -> list[bytes]:
    """The updates of somebody who types so many characters."""
    doc = client_document(1)
    updates = recorded_updates(doc)
    text = doc.get("text", type=Text)
    for _ in range(characters):
        text.insert(len(text), "x")
    return updates


def text_of(messages: list[bytes]) -> str:
    """The root text after all these messages."""
    doc: Doc[Any] = Doc()
    for data in messages:
        message = parse(data)
        if isinstance(message, (Update, SyncStep2)):
            doc.apply_update(message.update)
    return str(doc.get("text", type=Text))


def test_a_peer_that_reads_gets_every_message_at_once() -> None:
    owed = Owed()
    updates = typing(3)
    owed.send_updates(*updates)
    owed.outbox.send(build(Ack(3, 3)))
    assert [parse(data) for data in owed.transport.sent] == [*(Update(update) for update in updates), Ack(3, 3)]


def test_the_message_of_an_update_is_built_once_for_all_peers() -> None:
    owed = [Owed() for _ in range(3)]
    (update,) = typing(1)
    message = build(Update(update))
    for one in owed:
        one.outbox.send_update(update, message)
    assert all(one.transport.sent == [message] and one.transport.sent[0] is message for one in owed)


def test_what_a_slow_reader_is_owed_merges_into_one_message() -> None:
    owed = Owed()
    owed.stall()
    owed.send_updates(*typing(100))
    assert len(owed.transport.sent) == 1
    owed.transport.resume()
    assert len(owed.transport.sent) == 2
    assert text_of(owed.transport.sent) == "x" * 100


def test_merging_does_not_overtake_other_messages() -> None:
    owed = Owed()
    updates = typing(4)
    owed.stall()
    owed.send_updates(*updates[:2])
    owed.outbox.send(build(Ack(2, 2)))
    owed.send_updates(*updates[2:])
    owed.transport.resume()
    kinds = [type(parse(data)) for data in owed.transport.sent]
    assert kinds == [Ack, Update, Ack, Update]
    assert text_of(owed.transport.sent[:2]) == "xx"
    assert text_of(owed.transport.sent) == "xxxx"


def test_a_long_backlog_is_merged_piece_by_piece() -> None:
    owed = Owed()
    owed.stall()
    owed.send_updates(*typing(3 * MAX_MERGED_UPDATES + 1))
    owed.transport.resume()
    assert len(owed.transport.sent) == 1 + 4
    assert text_of(owed.transport.sent) == "x" * (3 * MAX_MERGED_UPDATES + 1)


def test_a_transport_that_takes_one_message_at_a_time_gets_everything_in_order() -> None:
    owed = Owed()
    updates = typing(5)
    owed.stall()
    for number, update in enumerate(updates, 1):
        owed.send_updates(update)
        owed.outbox.send(build(Ack(number, number)))
    for _ in range(10):
        assert owed.outbox.busy
        callbacks: list[Callable[[], None]] = list(owed.transport._drained)
        owed.transport._drained.clear()
        for callback in callbacks:
            callback()  # what was sent has left, but the next message fills the socket again
    assert owed.outbox.waiting_bytes == 0
    assert [type(parse(data)) for data in owed.transport.sent[1:]] == [Update, Ack] * 5
    assert text_of(owed.transport.sent) == "x" * 5


def test_who_caught_up_is_told_once() -> None:
    owed = Owed()
    owed.stall()
    owed.send_updates(*typing(10))
    assert owed.ready == 0
    owed.transport.resume()
    assert (owed.ready, owed.outbox.busy, owed.outbox.waiting_bytes) == (1, False, 0)


def test_beyond_the_bound_the_peer_is_given_up_on_and_nothing_is_kept_for_it() -> None:
    owed = Owed(max_bytes=1_000)
    owed.stall()
    owed.outbox.send(bytes(900))
    assert owed.overflows == []
    owed.outbox.send(bytes(101))
    assert len(owed.overflows) == 1
    assert owed.outbox.waiting_bytes == 0
    owed.outbox.send(bytes(900))
    owed.send_updates(*typing(1))
    assert len(owed.overflows) == 1
    assert len(owed.transport.sent) == 1


def test_updates_count_for_the_bound_like_messages() -> None:
    owed = Owed(max_bytes=1_000)
    owed.stall()
    owed.send_updates(*[typing(1)[0]] * 200)
    assert len(owed.overflows) == 1


def test_a_peer_that_reads_is_never_given_up_on() -> None:
    owed = Owed(max_bytes=1_000)
    for _ in range(100):
        owed.outbox.send(bytes(900))
        owed.transport.sent.clear()
    assert owed.overflows == []


def test_after_the_end_nothing_is_sent() -> None:
    owed = Owed()
    owed.stall()
    owed.send_updates(*typing(3))
    owed.outbox.close()
    owed.transport.resume()
    owed.outbox.send(build(Ack(1, 1)))
    assert (len(owed.transport.sent), owed.ready) == (1, 0)


def test_a_document_that_is_larger_than_what_may_wait_waits_all_the_same_but_once() -> None:
    owed = Owed(max_bytes=1_000)
    owed.stall()
    document = build(SyncStep2(b"x" * 5_000))
    owed.outbox.send_document(document)
    assert (owed.outbox.waiting_bytes, owed.overflows) == (0, [])
    owed.transport.stalled = False
    owed.transport.resume()
    assert owed.transport.sent[-1] is document
    owed.stall()
    owed.outbox.send_document(document)
    owed.outbox.send_document(document)
    assert len(owed.overflows) == 1


def test_what_follows_a_document_that_waits_counts() -> None:
    owed = Owed(max_bytes=1_000)
    owed.stall()
    owed.outbox.send_document(build(SyncStep2(b"x" * 5_000)))
    for message in [bytes(600)] * 2:
        owed.outbox.send(message)
    assert len(owed.overflows) == 1
