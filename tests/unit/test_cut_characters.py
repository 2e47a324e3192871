"""An edit that cuts an emoji is refused, whoever made it; npm's Yjs and the room's document have the same text."""

import itertools
import json
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from jupyter_collab.document import RoomDocument
from jupyter_collab.errors import InvalidUpdate
from jupyter_collab.protocol import write_bytes
from jupyter_collab.rooms.replica import Replica
from jupyter_collab.store import LogSlice, RoomRecord

from ..interop.npm import node_path
from .updates import author

SCRIPT = (Path(__file__).parent / "yjs_peers.mjs").read_text()
LABEXTENSION = Path(__file__).resolve().parents[2] / "labextension"
PATH = node_path()

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(
        PATH is None or not (LABEXTENSION / "node_modules" / "yjs").is_dir(),
        reason="needs Node and the npm packages of labextension",
    ),
]

START = "a😀b𠮟\n😁"
MIRROR, NEWCOMER = "mirror", "newcomer"
"""One who hears the very updates that the room took, and one who gets the room's whole state."""

NOW = datetime.now(UTC)
RECORD = RoomRecord("room", "Room", "epoch", "note", 0, NOW, NOW, None)


class Peers:
    """People with npm's Yjs, in a Node process."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def ask(self, op: str, **arguments: Any) -> Any:
        """Give a command of ``yjs_peers.mjs``; returns its reply."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"op": op, **arguments}) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


@pytest.fixture(scope="module")
def peers() -> Iterator[Peers]:
    """The Node process."""
    node = shutil.which("node", path=PATH)
    assert node is not None
    with subprocess.Popen(
        [node, "--input-type=module", "-e", SCRIPT],
        cwd=LABEXTENSION,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Peers(process)
        assert process.stdin is not None
        process.stdin.close()


class World:
    """A room, and people in it whose edits reach the others late."""

    def __init__(self, peers: Peers, people: list[str], start: str = START, first_client: int = 2**24) -> None:
        self._peers = peers
        document = RoomDocument.create("epoch")
        self.cell = document.cell_ids[0]
        document.set_source(self.cell, start)
        self.open(document.doc.get_update())
        self._clients = iter(range(first_client, first_client + 10**6))
        self._news: dict[str, list[bytes]] = {}
        for person in (*people, MIRROR):
            self.join(person)

    def open(self, state: bytes) -> None:
        """Open the room with what a server keeps of it."""
        self.room = Replica(10**9)
        log = LogSlice(RECORD, state, (), 0, len(state))
        for _ in itertools.chain(self.room.loading(log, ()), self.room.understand()):
            pass

    def join(self, person: str) -> None:
        """Let a person begin with the room's document."""
        self._news[person] = []
        self._peers.ask("join", person=person, state=self.room.encode().hex(), client=next(self._clients))

    def text(self, person: str) -> str:
        """What a person sees."""
        text: str = self._peers.ask("text", person=person)
        return text

    @property
    def source(self) -> str:
        """What the room has."""
        return self.room.look_into(lambda document: document.source(self.cell))

    def edit(self, person: str, edit: str, at: int = 0, length: int = 0, words: str = "") -> bool:
        """Let a person edit; returns whether the room took it. A person whose edit it refuses begins again."""
        reply = self._peers.ask("edit", person=person, edit=edit, at=at, length=length, words=words)
        return self._send(person, bytes.fromhex(reply)) if reply else True

    def resend(self, person: str) -> bool:
        """Let a person send all that they have."""
        return self._send(person, bytes.fromhex(self._peers.ask("everything", person=person)))

    def _send(self, person: str, update: bytes) -> bool:
        try:
            changes = self.room.apply(update, author(person))
        except InvalidUpdate:
            self.join(person)
            return False
        for other in self._news.keys() - {person}:
            self._news[other] += [update] if other == MIRROR else changes
        return True

    def hear(self, person: str) -> None:
        """Tell a person what the others did."""
        updates, self._news[person] = self._news[person], []
        self._peers.ask("hear", person=person, updates=[update.hex() for update in updates])

    def agree(self, careless: str = "") -> str:
        """Tell everybody everything, and make sure that all have the room's text; returns it.

        The careless one is told, but may have cut a character in a way that nobody else could see.
        """
        for person in self._news:
            self.hear(person)
        self.join(NEWCOMER)
        del self._news[NEWCOMER]
        seen = {person: self.text(person) for person in (*self._news, NEWCOMER) if person != careless}
        assert seen == dict.fromkeys(seen, self.source)
        return self.source


def units(text: str) -> list[str]:
    """The UTF-16 units of a text."""
    encoded = text.encode("utf-16-le", "surrogatepass")
    return [encoded[place : place + 2].decode("utf-16-le", "surrogatepass") for place in range(0, len(encoded), 2)]


def places(text: str, *, whole: bool) -> list[int]:
    """Where one may put something into a text; if ``whole``, without the places inside characters."""
    all_units = units(text)
    inside = {place for place, unit in enumerate(all_units) if "\udc00" <= unit < "\ue000"} if whole else set()
    return [place for place in range(len(all_units) + 1) if place not in inside]


@pytest.mark.parametrize(
    "edit",
    [
        {"edit": "insert", "at": 2, "words": "x"},
        {"edit": "delete", "at": 2, "length": 1},
        {"edit": "delete", "at": 1, "length": 1},
        {"edit": "delete", "at": 0, "length": 2},
        {"edit": "delete", "at": 2, "length": 2},
        {"edit": "replace", "at": 2, "length": 1, "words": "\ude01"},
        {"edit": "format", "at": 2, "length": 1},
    ],
)
@pytest.mark.parametrize("first_client", [5, 2**24])
def test_half_an_emoji_is_not_edited(peers: Peers, edit: dict[str, Any], first_client: int) -> None:
    world = World(peers, ["Ada", "Bob"], first_client=first_client)
    assert not world.edit("Ada", **edit)
    assert world.edit("Bob", "insert", at=3, words="and so on")
    assert world.agree() == "a😀and so onb𠮟\n😁"


@pytest.mark.parametrize("first_client", [5, 2**24])
def test_half_of_what_was_just_typed_is_not_edited(peers: Peers, first_client: int) -> None:
    world = World(peers, ["Ada", "Bob"], first_client=first_client)
    assert world.edit("Ada", "insert", at=0, words="x😀y")
    world.hear("Bob")
    assert not world.edit("Bob", "delete", at=2, length=1)
    assert not world.edit("Ada", "insert", at=2, words="x")
    assert world.agree() == f"x😀y{START}"


def test_half_an_emoji_is_what_it_is_feared_for(peers: Peers) -> None:
    """If this fails, yrs does what Yjs does, and the check is no longer needed."""
    document = RoomDocument.create("epoch")
    cell = document.cell_ids[0]
    document.set_source(cell, "s 😀b")
    peers.ask("join", person="Ada", state=document.doc.get_update().hex(), client=2**24)
    for edit in ({"edit": "delete", "at": 3, "length": 1}, {"edit": "insert", "at": 4, "words": " more"}):
        document.doc.apply_update(bytes.fromhex(peers.ask("edit", person="Ada", **edit)))
    assert peers.ask("text", person="Ada") == "s \ufffdb more"
    assert document.source(cell) == "s 😀 more"


def test_a_whole_emoji_may_be_edited(peers: Peers) -> None:
    world = World(peers, ["Ada", "Bob"], "😀😁😀")
    assert world.edit("Ada", "delete", at=2, length=2)
    assert world.edit("Bob", "insert", at=2, words="between 😀")
    assert world.edit("Ada", "format", at=0, length=2)
    assert world.edit("Bob", "delete", at=0, length=2)
    assert world.edit("Bob", "undo")
    assert world.edit("Ada", "undo")
    assert world.edit("Ada", "undo")
    assert world.edit("Ada", "redo")
    assert world.resend("Ada")
    assert world.resend("Bob")
    world.agree()


def test_a_cut_is_found_however_the_update_is_written(peers: Peers) -> None:
    world = World(peers, [])
    client = b"\x09"
    words = write_bytes("x😀".encode())
    whole = b"\x01\x01" + client + b"\x00\x04\x01\x04more" + words + b"\x00"
    assert world.room.apply(whole, author())
    for deletion in (b"\x02\x01", b"\x01\x01"):
        with pytest.raises(InvalidUpdate, match="whole characters"):
            world.room.apply(b"\x00\x01" + client + b"\x01" + deletion, author())
    assert world.room.apply(b"\x00\x01" + client + b"\x01\x01\x02", author())


WORDS = ["a", "bc", "\n", "é", "漢字", "😀", "😁", "x😀", "😀y", "👩‍👩‍👧", "𠮟𠮷", "😀😁😀"]
HALVES = ["\ude01", "\ud83d", "x\ud83d"]


@pytest.mark.parametrize("seed", range(12))
def test_all_have_one_text_whatever_is_typed(peers: Peers, seed: int) -> None:
    random = Random(seed)
    careful, careless = ["Ada", "Bob"], "Zoe"
    world = World(peers, [*careful, careless], first_client=random.choice([5, 2**24, 2**31, 2**50]))
    refused = 0
    for _ in range(150):
        person = random.choice([*careful, careless])
        is_careful = person in careful
        text = world.text(person)
        start, end = sorted(random.choices(places(text, whole=is_careful), k=2))
        edit = random.choice(["insert", "insert", "insert", "delete", "replace", "format", "undo", "redo"])
        words = random.choice(WORDS if is_careful else WORDS + HALVES)
        end = min(end, max(start, end if random.random() < 0.2 else start + 2))
        if is_careful and end not in places(text, whole=True):
            end -= 1
        taken = world.edit(person, edit, start, end - start, words)
        if random.random() < 0.1:
            taken = world.resend(person) and taken
        assert taken or not is_careful
        refused += not taken
        if random.random() < 0.3:
            world.hear(random.choice([*careful, careless]))
        if random.random() < 0.05:
            world.agree(careless)
            world.open(world.room.encode())
    world.agree(careless)
    assert refused
