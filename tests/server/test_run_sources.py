"""The history of runs does not tell what was deleted from a room before somebody came, or what they may not run."""

from typing import Any

import pytest

from jupyter_collab.rooms import RoomManager

from .browsers import Browser
from .conftest import Rest


async def note_run(manager: RoomManager, source: str) -> None:
    """Note that somebody ran ``source`` in ``demo``."""
    (run,) = await manager.store.add_runs("demo", [("c0", source)], username="ada", display_name="Ada", kind="server")
    await manager.store.start_run("demo", run.id, kernel_name="python3")


async def sources(asker: Browser | Rest, **options: Any) -> list[str | None]:
    """What the history tells, oldest first."""
    if isinstance(asker, Browser):
        answer = await asker.ask("GET", "rooms/demo/runs")
    else:
        answer = await asker("GET", "rooms/demo/runs", **options)
    assert answer.status == 200, answer.body
    return [run["source"] for run in reversed(answer.body["runs"])]


@pytest.fixture
def guest(http_server_client: Any, jp_base_url: str) -> Browser:
    return Browser(http_server_client, jp_base_url)


async def come_between_two_runs(guest: Browser, role: str, rest: Rest, manager: RoomManager) -> None:
    await rest("POST", "rooms", json={"id": "demo"})
    await note_run(manager, "password = 'secret'")
    invite = (await rest("POST", "rooms/demo/invitations", json={"role": role})).body
    assert (await guest.ask("POST", "join", {"token": invite["token"], "name": "Bob"})).status == 200
    await note_run(manager, "x = 1")


@pytest.mark.parametrize("role", ["viewer", "runner", "writer", "editor"])
async def test_a_guest_sees_what_was_run_since_they_came(
    role: str, guest: Browser, rest: Rest, manager: RoomManager
) -> None:
    await come_between_two_runs(guest, role, rest, manager)
    assert await sources(guest) == [None, None if role == "viewer" else "x = 1"]
    assert await sources(rest) == ["password = 'secret'", "x = 1"]


async def test_another_role_does_not_make_a_guest_come_again(guest: Browser, rest: Rest, manager: RoomManager) -> None:
    await come_between_two_runs(guest, "editor", rest, manager)
    members = (await rest("GET", "rooms/demo/members")).body["members"]
    (principal,) = [member["principal"] for member in members if member["principal"].startswith("guest:")]
    await rest("PUT", f"rooms/demo/members/{principal}", json={"role": "runner"})
    assert await sources(guest) == [None, "x = 1"]


async def test_a_user_of_the_server_sees_sources_unless_they_only_look(rest: Rest, manager: RoomManager) -> None:
    await rest("POST", "rooms", json={"id": "demo"})
    await note_run(manager, "x = 1")
    assert await sources(rest, params={"role": "runner"}) == ["x = 1"]
    assert await sources(rest, params={"role": "viewer"}) == [None]
