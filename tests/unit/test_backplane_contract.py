"""What every backplane promises: servers hear of each other's messages, in order, and of those that they asked for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from jupyter_collab.backplane import EVERYWHERE, MAX_MESSAGE_BYTES, Backplane
from jupyter_collab.store import Head, ServerMessage

from .backplanes import BackplaneMaker, MemoryBackplane, MemoryHub, polling
from .conftest import store_maker
from .scenarios import scenario, until
from .stores import EPOCH, StoreMaker, entries, opened


@dataclass
class Setup:
    """What servers are made of: ``stores`` on one database, or one for all, and ``make`` for their backplanes."""

    make_store: StoreMaker
    make: BackplaneMaker
    folder: Path
    store_count: int


@pytest.fixture(
    params=[
        ("memory", "memory", 1),
        ("memory", "sqlite", 2),
        ("polling", "memory", 2),
        ("polling", "sqlite", 1),
        ("polling", "sqlite", 2),
        ("polling", "postgresql", 1),
        ("polling", "postgresql", 2),
    ],
    ids=lambda param: " ".join(str(part) for part in param),
)
def setup(request: pytest.FixtureRequest, tmp_path: Path) -> Setup:
    """Each kind of backplane on each kind of store, with one store for two servers and with one for each."""
    kind, store, count = request.param
    make: BackplaneMaker = partial(MemoryBackplane, MemoryHub()) if kind == "memory" else polling
    return Setup(store_maker(store, request), make, tmp_path, count)


@dataclass
class Server:
    """One server's backplane, and all that it heard."""

    backplane: Backplane
    heads: list[tuple[str, Head | None]] = field(default_factory=list)
    heard: list[ServerMessage] = field(default_factory=list)

    def hear(self, *room_ids: str) -> None:
        for room_id in room_ids:
            self.backplane.subscribe(room_id, self.heard.append)

    def say(self, data: bytes, room_id: str = "demo") -> None:
        self.backplane.publish(room_id, "topic", data)

    @property
    def data(self) -> list[bytes]:
        return [message.data for message in self.heard]


@asynccontextmanager
async def running(setup: Setup) -> AsyncIterator[tuple[Server, Server]]:
    """Two servers, ``one`` and ``two``, which have a room ``demo``."""
    stores = [setup.make_store(setup.folder) for _ in range(setup.store_count)]
    async with opened(*stores):
        await stores[0].create_room("demo", "Demo", EPOCH, "note", b"")
        servers = [Server(setup.make(stores[number % len(stores)], name)) for number, name in enumerate(("one", "two"))]
        for server in servers:
            await server.backplane.start(lambda room_id, head, server=server: server.heads.append((room_id, head)))  # type: ignore[misc]
            server.backplane.watch("demo")
        await until(lambda: all(server.heads for server in servers))
        yield servers[0], servers[1]
        for server in servers:
            await server.backplane.stop()


@scenario
async def test_a_message_reaches_the_other_server_and_not_its_own(setup: Setup) -> None:
    async with running(setup) as (one, two):
        one.hear("demo")
        two.hear("demo")
        one.say(b"from one")
        two.say(b"from two")
        await until(lambda: one.heard and two.heard)
        assert one.heard == [ServerMessage("demo", "topic", "two", b"from two")]
        assert two.heard == [ServerMessage("demo", "topic", "one", b"from one")]


@scenario
async def test_messages_come_once_each_in_the_order_in_which_they_were_said(setup: Setup) -> None:
    async with running(setup) as (one, two):
        two.hear("demo", "other")
        expected = [b"%d" % number for number in range(200)]
        for number, data in enumerate(expected):
            one.say(data, "demo")
            if number == 100:
                await until(lambda: len(two.heard) > 50)
        await until(lambda: len(two.heard) >= len(expected))
        one.say(b"the last")
        await until(lambda: two.data[-1] == b"the last")
        assert two.data == [*expected, b"the last"]


@scenario
async def test_a_server_hears_of_the_rooms_that_it_subscribed_to_alone(setup: Setup) -> None:
    async with running(setup) as (one, two):
        two.hear("demo", "other")
        two.backplane.unsubscribe("other")
        two.backplane.unsubscribe("other")
        for room_id in ("other", "never", "demo"):
            one.say(room_id.encode(), room_id)
        await until(lambda: two.heard)
        assert two.data == [b"demo"]


@scenario
async def test_what_concerns_no_room_is_heard_as_well(setup: Setup) -> None:
    async with running(setup) as (one, two):
        two.hear(EVERYWHERE)
        one.say(b"all", EVERYWHERE)
        await until(lambda: two.heard)
        assert two.heard == [ServerMessage(EVERYWHERE, "topic", "one", b"all")]


@scenario
async def test_what_was_said_before_a_server_began_is_not_heard(setup: Setup) -> None:
    async with running(setup) as (one, two):
        two.hear("demo")
        one.say(b"before")
        await until(lambda: two.heard)
        store = setup.make_store(setup.folder)
        async with opened(store):
            late = Server(setup.make(store, "three"))
            late.hear("demo")
            await late.backplane.start(lambda room_id, head: None)
            late.say(b"from three")
            await until(lambda: two.data[-1] == b"from three")
            one.say(b"after")
            await until(lambda: late.heard)
            assert late.data == [b"after"]
            await late.backplane.stop()


@scenario
async def test_another_listener_takes_the_place_of_the_first(setup: Setup) -> None:
    async with running(setup) as (one, two):
        two.backplane.subscribe("demo", lambda message: pytest.fail("it was replaced"))
        two.hear("demo")
        one.say(b"x")
        await until(lambda: two.heard)


@scenario
async def test_a_listener_that_fails_harms_no_other_message(setup: Setup, caplog: pytest.LogCaptureFixture) -> None:
    async with running(setup) as (one, two):
        two.hear("demo")

        def fail(message: ServerMessage) -> None:
            raise ValueError("a bug")

        two.backplane.subscribe("bad", fail)
        one.say(b"x", "bad")
        one.say(b"y", "demo")
        await until(lambda: two.heard)
        assert "a bug" in caplog.text
        one.say(b"z", "demo")
        await until(lambda: two.data == [b"y", b"z"])


@scenario
async def test_a_message_has_a_largest_size(setup: Setup) -> None:
    async with running(setup) as (one, two):
        two.hear("demo")
        with pytest.raises(ValueError, match="bytes"):
            one.say(bytes(MAX_MESSAGE_BYTES + 1))
        largest = bytes(range(256)) * (MAX_MESSAGE_BYTES // 256)
        one.say(largest)
        await until(lambda: two.heard)
        assert two.data == [largest]


@scenario
async def test_heads_are_told_beside_messages(setup: Setup) -> None:
    async with running(setup) as (one, two):
        store = setup.make_store(setup.folder)
        async with opened(store):
            await store.append("demo", EPOCH, entries(b"x"))
        for server in (one, two):
            await until(lambda: server.heads[-1] == ("demo", Head(EPOCH, 1, "Demo", False)))  # noqa: B023
        two.hear("demo")
        one.say(b"x")
        await until(lambda: two.heard)


@scenario
async def test_what_is_said_last_is_heard_though_its_server_ends(setup: Setup) -> None:
    async with running(setup) as (_, two):
        two.hear("demo")
        store = setup.make_store(setup.folder)
        async with opened(store):
            ending = Server(setup.make(store, "three"))
            heads: list[str] = []
            await ending.backplane.start(lambda room_id, head: heads.append(room_id))
            ending.backplane.watch("demo")
            await until(lambda: heads)
            for number in range(3):
                ending.say(b"%d" % number)
            await ending.backplane.stop()
        await until(lambda: two.data == [b"0", b"1", b"2"])
