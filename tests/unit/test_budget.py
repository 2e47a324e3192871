"""One budget of the event loop's time for each person, over all their connections and reconnects."""

import asyncio
import time
from collections.abc import Awaitable
from pathlib import Path

import pytest
from pycrdt import Doc, Text

from jupyter_collab.access import Role, UserKind
from jupyter_collab.errors import CloseCode, TooManyAttempts, TooManyUpdates
from jupyter_collab.protocol import SyncStep1, Update, build
from jupyter_collab.rooms import Limits, RoomManager
from jupyter_collab.rooms.budget import MAX_BURST_SECONDS, MAX_HELD_BYTES, MAX_PEOPLE, ROOMS_PER_HOUR, Budget, Budgets

from .doubles import ScriptedPeer, faulty_store, serving, user
from .scenarios import scenario, until
from .updates import client_document

EVE = user("eve", UserKind.GUEST)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_who_keeps_within_a_minutes_worth_never_waits(clock: Clock) -> None:
    budget = Budget(12, clock)
    budget.spend(11.9)
    assert budget.wait_seconds == 0


def test_who_used_more_waits_until_the_share_has_made_up_for_it(clock: Clock) -> None:
    budget = Budget(12, clock)
    budget.spend(13)
    assert budget.wait_seconds == pytest.approx(5)
    clock.now += 4
    assert budget.wait_seconds == pytest.approx(1)
    clock.now += 1.01
    assert budget.wait_seconds == 0


def test_in_the_long_run_nobody_has_more_than_their_share(clock: Clock) -> None:
    budget, used = Budget(12, clock), 0.0
    while clock.now < 1000 + 600:
        clock.now += budget.wait_seconds
        budget.spend(0.5)
        clock.now += 0.5
        used += 0.5
    assert 0.19 < used / 600 < 0.23, "a fifth, and what was there at the beginning"


def test_a_rest_earns_no_more_than_a_minutes_worth(clock: Clock) -> None:
    budget = Budget(12, clock)
    clock.now += 86_400
    budget.spend(13)
    assert budget.wait_seconds > 4


def test_nobody_owes_more_than_a_minutes_worth(clock: Clock) -> None:
    budget = Budget(12, clock)
    budget.spend(1_000)
    assert budget.wait_seconds == pytest.approx(60)


def test_bytes_count_too(clock: Clock) -> None:
    budget = Budget(12, clock)
    budget.spend(0, 10 * 2**20)
    assert budget.wait_seconds == 0, "a day's work offline"
    budget.spend(0, 400 * 2**20)
    assert budget.wait_seconds > 0


def test_it_is_one_budget_however_often_somebody_comes_back(clock: Clock) -> None:
    budgets = Budgets(12, clock)
    first = budgets.of(EVE)
    assert first is not None
    first.spend(20)
    again = budgets.of(user("eve", UserKind.GUEST))
    assert again is not None
    assert again.wait_seconds > 0
    account = budgets.of(user("eve", UserKind.ACCOUNT))
    assert account is not None
    assert account.wait_seconds == 0, "that is somebody else"


def test_users_of_the_server_have_none(clock: Clock) -> None:
    assert Budgets(12, clock).of(user("ada")) is None


def test_the_number_of_people_is_bounded(clock: Clock) -> None:
    budgets = Budgets(12, clock)
    for number in range(MAX_PEOPLE + 10):
        budgets.of(user(f"guest{number}", UserKind.GUEST))
    assert len(budgets._people) == MAX_PEOPLE


@pytest.mark.parametrize(("pause_seconds", "rests"), [(0.0, True), (0.04, False)], ids=["a flood", "typing"])
def test_many_short_messages_in_a_row_are_followed_by_a_rest(clock: Clock, pause_seconds: float, rests: bool) -> None:
    work = Clock()
    budget = Budget(12, clock, work)
    found = 0.0

    def handle() -> None:
        work.now += 0.001
        clock.now += 0.001

    for _ in range(100):
        waiting = budget.measure(handle, 100)
        if waiting is not None:
            found += 1
            clock.now += 2 * MAX_BURST_SECONDS
            waiting.close()  # type: ignore[attr-defined]  # it is a sleep
        clock.now += pause_seconds
    assert (found > 10) == rests
    assert rests or not found


@scenario
async def test_what_waits_has_a_bound() -> None:
    budget = Budget(12, Clock())
    budget.spend(20)
    first = asyncio.create_task(budget.turn(MAX_HELD_BYTES - 1000))
    await asyncio.sleep(0)
    with pytest.raises(TooManyUpdates):
        await budget.turn(2000)
    first.cancel()
    await asyncio.wait([first])
    second = asyncio.create_task(budget.turn(2000))
    await asyncio.sleep(0)
    assert not second.done()
    second.cancel()
    await asyncio.wait([second])


@scenario
async def test_work_that_is_waited_for_counts_but_not_the_waiting() -> None:
    work = Clock()
    budget = Budget(12, Clock(), work)

    async def in_parts() -> None:
        for _ in range(3):
            work.now += 5
            await asyncio.sleep(0.01)
            work.now += 1

    def handle() -> Awaitable[None]:
        return in_parts()

    waiting = budget.measure(handle, 0)
    assert waiting is not None
    other = asyncio.create_task(_use(work, 7, after=0.005))
    await waiting
    await other
    assert budget.wait_seconds == pytest.approx((18 - 12) * 5, abs=0.01)


async def _use(work: Clock, seconds: float, after: float) -> None:
    await asyncio.sleep(after)
    work.now += seconds


@scenario
async def test_who_has_work_done_pays_for_what_it_takes_of_the_loop_and_gets_what_it_returns(clock: Clock) -> None:
    budgets = Budgets(12, clock)

    async def busy() -> str:
        began = time.thread_time()
        while time.thread_time() - began < 0.05:
            pass
        await asyncio.sleep(0)
        return "done"

    for person in (EVE, user("ada")):
        assert await budgets.measured(person, busy()) == "done"
    budget = budgets.of(EVE)
    assert budget is not None
    budget.spend(11.96)
    assert budget.wait_seconds > 0


@scenario
async def test_what_goes_wrong_while_it_is_waited_for_arrives() -> None:
    async def fails() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError as error:
            raise ValueError("canceled") from error

    waiting = Budget(12, Clock()).measure(fails, 0)
    assert waiting is not None
    task = asyncio.ensure_future(waiting)
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(ValueError, match="canceled"):
        await task


def test_so_many_rooms_an_hour(clock: Clock) -> None:
    budgets = Budgets(12, clock)
    ben = user("ben", UserKind.ACCOUNT)
    for _ in range(ROOMS_PER_HOUR):
        budgets.note_room(ben)
        budgets.note_room(user("ada"))
    with pytest.raises(TooManyAttempts, match="many rooms"):
        budgets.note_room(ben)
    budgets.note_room(user("ada"))
    clock.now += 3601
    budgets.note_room(ben)


# -- in a room -----------------------------------------------------------------------------------------------------


async def a_guest(manager: RoomManager, name: str = "eve") -> ScriptedPeer:
    return await ScriptedPeer(name, Role.EDITOR, kind=UserKind.GUEST).join(manager)


def budget_of(manager: RoomManager, person: ScriptedPeer) -> Budget:
    """What somebody may use of the server's time."""
    budget = manager.budgets.of(person.user)
    assert budget is not None
    return budget


@scenario
async def test_messages_beyond_the_share_are_handled_later_and_none_is_lost(tmp_path: Path) -> None:
    async with serving(faulty_store(tmp_path), Limits(loop_seconds_per_minute_per_person=60)) as manager:
        ada, eve = await ScriptedPeer("ada").join(manager), await a_guest(manager)
        budget_of(manager, eve).spend(60.3)
        eve.type("late")
        await ada.typed("x")
        assert not eve.saved
        await eve.until_saved()
        await until(lambda: sorted(str(ada.text)) == sorted("latex"))
        eve.type("!")
        await eve.until_saved()


@scenario
async def test_reconnecting_gives_no_new_budget(tmp_path: Path) -> None:
    async with serving(faulty_store(tmp_path)) as manager:
        eve = await a_guest(manager)
        budget_of(manager, eve).spend(100)
        eve.leave(manager)
        await eve.connect(manager)
        assert eve.room is not None
        waiting = eve.room.receive(eve.peer, build(SyncStep1(b"\x00")))
        assert waiting is not None
        task = asyncio.ensure_future(waiting)
        await asyncio.sleep(0.05)
        assert not task.done()
        task.cancel()
        await asyncio.wait([task])


@scenario
async def test_gaps_have_a_price_also_over_reconnects(tmp_path: Path) -> None:
    doc = client_document(7)
    text = doc.get("text", type=Text)
    text += "a"
    known = doc.get_state()
    text += "b"
    second = doc.get_update(known)
    async with serving(faulty_store(tmp_path)) as manager:
        eve = ScriptedPeer("eve", Role.EDITOR, kind=UserKind.GUEST)
        budget = manager.budgets.of(eve.user)
        assert budget is not None
        for _ in range(60):
            await eve.connect(manager)
            assert eve.room is not None
            for _ in range(3):
                if not budget.wait_seconds:
                    await eve.send_edit(second)
            eve.leave(manager)
        assert budget.wait_seconds > 0


@scenario
async def test_somebody_who_sends_too_much_while_they_wait_is_closed(tmp_path: Path) -> None:
    async with serving(faulty_store(tmp_path)) as manager:
        eves = [await a_guest(manager) for _ in range(5)]
        budget_of(manager, eves[0]).spend(100)
        large = build(Update(bytes(9 * 2**20)))
        waiting = []
        for eve in eves:
            assert eve.room is not None
            again = eve.room.receive(eve.peer, large)
            assert again is not None
            waiting.append(asyncio.ensure_future(again))
        await asyncio.sleep(0)
        assert [eve.close_code for eve in eves] == [None] * 3 + [CloseCode.TOO_MANY_UPDATES] * 2
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)


@scenario
async def test_a_day_of_work_offline_is_taken_in_at_once(tmp_path: Path) -> None:
    """10 MB in 60,000 steps, sent in one message by a guest."""
    doc: Doc[Text] = Doc()
    text = doc.get("text", type=Text)
    for number in range(60_000):
        text.insert(number % 1000, "x" * 110)
    update = doc.get_update()
    assert 9 * 10**6 < len(update) < 10 * 2**20
    async with serving(faulty_store(tmp_path)) as manager:
        eve = await a_guest(manager)
        await eve.send_edit(update)
        assert budget_of(manager, eve).wait_seconds == 0
        await eve.until_saved()


@scenario
async def test_a_class_that_types_never_waits(tmp_path: Path) -> None:
    async with serving(faulty_store(tmp_path)) as manager:
        people = [await a_guest(manager, f"guest{number}") for number in range(40)]
        for person in people:
            await person.typed("first")
        for number in range(10):
            for person in people:
                person.type(str(number))
        for person in people:
            await person.until_saved()
            assert budget_of(manager, person).wait_seconds == 0
            assert budget_of(manager, person)._left > 11
