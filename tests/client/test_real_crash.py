"""``kill -9`` of the real server while clients type: what they typed is there afterwards, once."""

import random
from collections.abc import Iterator

import pytest

from jupyter_collab import connect
from jupyter_collab.client import Room
from jupyter_collab.client.replica.backoff import Backoff
from tests.servers import RunningServer, start_server

from .doubles import notebook

pytestmark = pytest.mark.crash

QUICK = Backoff(first_seconds=0.05, longest_seconds=0.3)
EDITS_BETWEEN_KILLS = 120
KILLS = 3


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with start_server(tmp_path_factory.mktemp("server")) as server:
        yield server


def tokens_of(text: str) -> list[str]:
    return sorted(text[1:-1].split("><"))


def test_unacknowledged_edits_arrive_after_a_restart_and_none_is_doubled(server: RunningServer) -> None:
    server.create_room("demo", content=notebook(""))
    dice = random.Random(9)
    typed: list[str] = []

    def type_once(room: Room, name: str) -> None:
        typed.append(f"{name}{len(typed)}")
        room.cell(0).append(f"<{typed[-1]}>")

    with (
        connect("demo", server.url, server.token, backoff=QUICK) as ada,
        connect("demo", server.url, server.token, backoff=QUICK) as ben,
    ):
        pending_at_kill = []
        for _ in range(KILLS):
            moment = dice.randrange(20, EDITS_BETWEEN_KILLS)
            for number in range(EDITS_BETWEEN_KILLS):
                type_once(dice.choice((ada, ben)), "t")
                if number == moment:
                    server.kill()
            pending_at_kill.append(ada.pending + ben.pending)
            server.start()
            for room in (ada, ben):
                room.wait_saved(30)
        assert min(pending_at_kill) > 0
        for room in (ada, ben):
            room.wait_for(lambda room=room: len(tokens_of(room.text)) >= len(typed), 30)  # type: ignore[misc]  # mypy cannot infer it
            assert tokens_of(room.text) == sorted(typed)
        assert ada.text == ben.text
    with connect("demo", server.url, server.token) as fresh:
        assert tokens_of(fresh.text) == sorted(typed)
