"""Who has the server, and everybody who opens the room, compare very much is not listened to for a while."""

import itertools
from pathlib import Path

import pytest

from jupyter_collab.access import UserKind
from jupyter_collab.errors import InvalidUpdate
from jupyter_collab.rooms import replica
from jupyter_collab.rooms.efforts import FORGOTTEN_SECONDS_PER_SECOND, MAX_PEOPLE, MAX_SECONDS, Efforts

from .doubles import ScriptedPeer, faulty_store, serving, user
from .scenarios import scenario, until
from .test_budget import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_edits_as_people_make_them_never_add_up(clock: Clock) -> None:
    efforts = Efforts(clock)
    for _ in range(100_000):
        efforts.note("ada", 0.002, 1)
        efforts.note("ada", 0.012, 500)
    efforts.require_little("ada")


def test_too_much_of_one_person_is_refused_and_forgotten_in_time(clock: Clock) -> None:
    efforts = Efforts(clock)
    for _ in range(3):
        efforts.note("eve", 1.0, 100)
    with pytest.raises(InvalidUpdate, match="another place"):
        efforts.require_little("eve")
    efforts.require_little("ada")
    clock.now += 1.0 / FORGOTTEN_SECONDS_PER_SECOND
    efforts.require_little("eve")
    efforts.note("eve", 0.5, 1)
    with pytest.raises(InvalidUpdate):
        efforts.require_little("eve")


def test_users_of_the_server_can_end_it_anyway_so_they_are_not_watched(clock: Clock) -> None:
    efforts = Efforts(clock)
    efforts.note(user("olga").writer, MAX_SECONDS + 1, 1)
    efforts.require_little(user("olga").writer)


def test_only_so_many_are_remembered(clock: Clock) -> None:
    efforts = Efforts(clock)
    for number in range(MAX_PEOPLE + 1):
        efforts.note(str(number), MAX_SECONDS + 1, 1)
    efforts.require_little("0")
    with pytest.raises(InvalidUpdate):
        efforts.require_little("1")


@scenario
async def test_edits_that_took_much_too_long_are_the_last_of_their_author(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = itertools.count(0, MAX_SECONDS + 1)
    async with serving(faulty_store(tmp_path)) as manager:
        ada = await ScriptedPeer("ada", kind=UserKind.GUEST).join(manager)
        eve = await ScriptedPeer("eve", kind=UserKind.GUEST).join(manager)
        with monkeypatch.context() as slowly:
            slowly.setattr(replica, "thread_time", lambda: next(clock))
            await eve.typed("first")
        eve.type("more", 0)
        await until(lambda: eve.rejections)
        assert [(told.reason, "another place" in told.message) for told in eve.rejections] == [("invalid_update", True)]
        await ada.typed("still here")
        assert ada.rejections == []
        assert "more" not in str(ada.text)
