"""A room that takes long to open, or to be made anew, does so in small steps: all other rooms go on."""

import asyncio
import itertools
import random
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import thread_time
from typing import Any

import pytest
from pycrdt import Array, Doc, Map, Text

from jupyter_collab.errors import InvalidUpdate, ServerFull
from jupyter_collab.rooms import RoomState, replica, turns
from jupyter_collab.rooms.integrate import integrate
from jupyter_collab.rooms.loading import Opened, load, loading, opening

from .dear_rooms import letter, letters_that_are_dear_later, removal
from .doubles import FaultyStore, ScriptedPeer, faulty_store, serving
from .scenarios import scenario, settle, until
from .updates import text_update

FAILS = "fails"


@pytest.fixture
def store(tmp_path: Path) -> FaultyStore:
    """The store of one server."""
    return faulty_store(tmp_path)


def seconds_of_steps(work: Generator[None, None, object]) -> list[float]:
    """How long each step of ``work`` takes of this thread's time."""
    steps = []
    is_done = False
    while not is_done:
        began = thread_time()
        is_done = next(work, work) is work
        steps.append(thread_time() - began)
    return steps


def dear_keyframe(count: int, length: int) -> list[bytes]:
    """A room that was made by cheap edits, as a keyframe."""
    doc = Doc[Any]()
    load(doc, list(letters_that_are_dear_later(count, length)))
    return [doc.get_update()]


def dear_log() -> list[bytes]:
    """Edits that are dear in the order in which they came, as the entries of a log."""
    text = [letter((1, clock), (1, clock - 1) if clock else None, None) for clock in range(6_000)]
    removals = [removal((1, clock)) for clock in range(0, 6_000, 2)]
    return [*text, *removals, *(letter((2, clock), None, None) for clock in range(400))]


@pytest.mark.parametrize(
    "make",
    [partial(dear_keyframe, 400, 6_000), partial(dear_keyframe, 500, 1_000), dear_log],
    ids=["keyframe", "small keyframe", "log"],
)
def test_a_dear_room_is_opened_in_small_steps(make: Callable[[], list[bytes]]) -> None:
    doc, whole, updates = Doc[Any](), Doc[Any](), make()
    steps = seconds_of_steps(loading(doc, updates))
    assert max(steps) < sum(steps) / 3
    load(whole, updates)
    assert doc.get_update() == whole.get_update()


def histories(seed: int) -> Iterator[bytes]:
    """What three people do to all kinds of shared types, as they come to know of each other's edits."""
    chance = random.Random(seed)
    people: list[Doc[Any]] = [Doc(client_id=client) for client in (7, 2**31, 2**32 - 1)]
    for _ in range(60):
        person = chance.choice(people)
        before = person.get_state()
        with person.transaction():
            for _ in range(chance.choice([1, 5, 400])):
                edit_somehow(person, chance)
        yield person.get_update(before)
        if chance.random() < 0.5:
            for other in people:
                other.apply_update(person.get_update(other.get_state()))


def edit_somehow(doc: "Doc[Any]", chance: random.Random) -> None:
    """One edit."""
    text, items, entries = doc.get("text", type=Text), doc.get("list", type=Array), doc.get("map", type=Map)
    kind = chance.randrange(6)
    if kind < 2:
        text.insert(chance.randrange(len(text) + 1), chance.choice(["a", "é😀", "words"]))
    elif kind == 2 and len(text) > 4:
        del text[0:2]
    elif kind == 3:
        items.insert(chance.randrange(len(items) + 1), chance.choice([1, Text("deep"), Map({"a": 1})]))
    elif kind == 4 and len(items):
        del items[chance.randrange(len(items))]
    else:
        entries[chance.choice("abc")] = chance.choice([1, "x", Array([1, 2])])


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("keyframe", [0.0, 0.5, 1.0])
def test_what_is_opened_in_steps_is_the_same(seed: int, keyframe: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jupyter_collab.rooms.loading.MAX_BYTES_AT_ONCE", 64)
    monkeypatch.setattr("jupyter_collab.gate.parts.MAX_PART_ITEMS", 5)
    log = list(histories(seed))
    first, whole, doc = Doc[Any](), Doc[Any](), Doc[Any]()
    cut = round(len(log) * keyframe)
    load(first, log[:cut])
    updates = [first.get_update(), *log[max(0, cut - 3) :]]
    load(whole, updates)
    assert len(seconds_of_steps(loading(doc, updates))) > 60
    assert doc.get_update() == whole.get_update()
    assert str(doc.get("text", type=Text)) == str(whole.get("text", type=Text))


def test_what_cannot_be_cut_is_opened_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jupyter_collab.rooms.loading.MAX_BYTES_AT_ONCE", 4)
    gap = letter((1, 5), (1, 4), None)
    doc = Doc[Any]()
    seconds_of_steps(loading(doc, [gap, letter((1, 0), None, None, "begin")]))
    assert str(doc.get("dear", type=Text)) == "beginx"


@scenario
async def test_another_room_goes_on_while_a_dear_one_is_opened(store: FaultyStore) -> None:
    async with serving(store, rooms=("demo", "other")) as manager:
        dear = (await manager.read("demo")).doc
        load(dear, list(letters_that_are_dear_later(400, 6_000)))
        log = await store.read_log("demo")
        await store.put_keyframe("demo", log.record.epoch, log.seq, dear.get_update(), "note")
        await manager.delete_room("demo")  # closes it
        await manager.restore_room("demo")
        bob = await ScriptedPeer("bob").join(manager, "other")
        ada = ScriptedPeer("ada")
        opening = asyncio.ensure_future(ada.connect(manager))
        turns_began = [thread_time()]
        while not opening.done():
            bob.type(".")
            await asyncio.sleep(0)
            turns_began.append(thread_time())
        longest = max(after - before for before, after in itertools.pairwise(turns_began))
        assert longest < (turns_began[-1] - turns_began[0]) / 5
        await bob.until_saved()
        await opening
        await ada.typed("here, too")


@scenario
async def test_the_log_names_a_room_that_takes_long_to_open(
    store: FaultyStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def open_long(
        make: Callable[[], "Doc[Any]"], state: bytes | None, entries: Sequence[bytes]
    ) -> Generator[None, None, Opened]:
        return (yield from opening(make, state, entries))._replace(excess=7.25)

    async with serving(store, rooms=("demo", "other")) as manager:
        await manager.read("other")
        monkeypatch.setattr(replica, "opening", open_long)
        await manager.read("demo")
    assert [message for message in caplog.messages if "7.2 s more" in message and "Room demo" in message]
    assert not any("Room other" in message for message in caplog.messages)


class HeldLoading:
    """Stands for the making of a document; while :attr:`is_held`, it goes on and on, one step at a time."""

    def __init__(self) -> None:
        self.is_held = False
        self.begun = 0

    def __call__(
        self, make: Callable[[], "Doc[Any]"], state: bytes | None, entries: Sequence[bytes]
    ) -> Generator[None, None, Opened]:
        self.begun += 1
        while self.is_held:
            yield
        return (yield from opening(make, state, entries))

    @contextmanager
    def holding(self) -> Iterator[None]:
        """What is made meanwhile comes to no end."""
        self.is_held = True
        yield
        self.is_held = False


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> HeldLoading:
    """Between all steps others have their turn."""
    held = HeldLoading()
    monkeypatch.setattr(replica, "opening", held)
    monkeypatch.setattr(turns, "TURN_SECONDS", -1.0)

    def fail(doc: "Doc[Any]", update: bytes, *, is_simple: bool = False) -> float:
        seconds = integrate(doc, update, is_simple=is_simple)
        if FAILS.encode() in update:
            raise InvalidUpdate("yrs has failed.")
        return seconds

    monkeypatch.setattr(replica, "integrate", fail)
    return held


async def spoil(peer: ScriptedPeer, held: HeldLoading) -> None:
    """Let the room be made anew, and wait until that has begun."""
    begun = held.begun
    await peer.send_edit(text_update(7, "half of it", root=FAILS))
    await until(lambda: held.begun > begun)


async def closed(peers: Iterable[ScriptedPeer]) -> None:
    """Wait until all are disconnected."""
    await until(lambda: all(peer.close_code is not None for peer in peers))


@scenario
async def test_a_server_that_stops_does_not_wait_for_a_room_that_takes_long_to_open(
    store: FaultyStore, held: HeldLoading
) -> None:
    async with serving(store, rooms=("demo", "other")) as manager:
        bob = await ScriptedPeer("bob").join(manager, "other")
        with held.holding():
            begun = held.begun
            openings = [asyncio.ensure_future(ScriptedPeer(name).join(manager)) for name in ("ada", "eve")]
            await until(lambda: held.begun > begun)
            bob.type("kept")
            await manager.stop()
            for opening in openings:
                with pytest.raises(ServerFull, match="stopping"):
                    await opening
    async with serving(store) as manager:
        await ScriptedPeer("ada").join(manager)
        late = await ScriptedPeer("late").join(manager, "other")
        assert str(late.text) == "kept"


@scenario
async def test_a_room_that_is_being_made_anew_can_be_closed(store: FaultyStore, held: HeldLoading) -> None:
    async with serving(store) as manager:
        ada, odd = [await ScriptedPeer(name).join(manager) for name in ("ada", "odd")]
        await ada.typed("kept")
        with held.holding():
            await spoil(odd, held)
            await manager.delete_room("demo")
            await closed((ada, odd))
        await manager.restore_room("demo")
        late = await ScriptedPeer("late").join(manager)
        await late.until_text("kept")


@scenario
async def test_what_is_saved_while_a_room_is_made_anew_is_there_once(store: FaultyStore, held: HeldLoading) -> None:
    async with serving(store) as manager:
        ada, odd = [await ScriptedPeer(name).join(manager) for name in ("ada", "odd")]
        with store.holding_writes():
            ada.type("unsaved ")
            with held.holding():
                await spoil(odd, held)
                ada.type("during ", len(ada.text))
                await settle()
        await odd.until_text("unsaved during ")
        await ada.until_saved()
        late = await ScriptedPeer("late").join(manager)
        await late.until_text("unsaved during ")


@scenario
async def test_what_becomes_durable_while_a_room_is_made_anew_is_there_once(
    store: FaultyStore, held: HeldLoading
) -> None:
    async with serving(store) as manager:
        ada, odd = [await ScriptedPeer(name).join(manager) for name in ("ada", "odd")]
        with held.holding():
            with store.holding_writes():
                ada.type("just in time")
                await settle()
                await spoil(odd, held)
            await ada.until_saved()
            assert odd.room is not None
            assert odd.room.state is RoomState.HEALING
        await odd.until_text("just in time")
        await ada.typed(", and on")
        await odd.until_text("just in time, and on")


@scenario
async def test_what_another_server_writes_while_a_room_is_made_anew_comes_afterwards(
    tmp_path: Path, held: HeldLoading
) -> None:
    stores = [faulty_store(tmp_path), faulty_store(tmp_path)]
    async with serving(stores[0]) as here, serving(stores[1]) as there:
        ada, odd = [await ScriptedPeer(name).join(here) for name in ("ada", "odd")]
        bob = await ScriptedPeer("bob").join(there)
        with held.holding():
            await spoil(odd, held)
            reads = stores[0].reads_done
            await bob.typed("from afar")
            await until(lambda: stores[0].reads_done > reads)
            assert str(ada.text) == ""
        await ada.until_text("from afar")
        await ada.typed(" and from here")
        await bob.until_text("from afar and from here")


@scenario
async def test_a_room_whose_store_fails_while_it_is_made_anew_loses_nothing(
    store: FaultyStore, held: HeldLoading
) -> None:
    async with serving(store) as manager:
        ada, odd = [await ScriptedPeer(name).join(manager) for name in ("ada", "odd")]
        with held.holding():
            with store.holding_writes():
                ada.type("kept")
                await settle()
                await spoil(odd, held)
                store.fails_to_write = True
            await settle()
        await until(lambda: odd.room is not None and odd.room.state is RoomState.LIVE)
        store.fails_to_write = False
        await ada.until_saved()
        await odd.until_text("kept")
