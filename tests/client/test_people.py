"""Inviting, and who may do what, from Python; against a real server."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import anyio
import pytest

from jupyter_collab import connect, connect_async, join, join_async
from jupyter_collab.client import Room
from jupyter_collab.dangers import link_danger
from jupyter_collab.errors import (
    ContentError,
    InviteExhausted,
    InviteNotFound,
    InviteRevoked,
    NotAMember,
    PasswordRequired,
    PermissionDenied,
)
from jupyter_collab.spans import seconds_of
from tests.servers import RunningServer


@pytest.fixture
def room(server: RunningServer, request: pytest.FixtureRequest) -> Iterator[Room]:
    """A room of the test's own, as its owner."""
    with connect(request.node.name[:60].replace("[", "-").rstrip("]"), server.url, server.token, create=True) as room:
        yield room


def test_a_guest_comes_by_a_link_and_goes_when_it_is_taken_back(room: Room) -> None:
    invitation = room.invite("writer", expires="2h", uses=1)
    assert (invitation.role, invitation.max_uses) == ("writer", 1)
    assert invitation.warning == link_danger("writer")
    assert repr(invitation).endswith(f"0 of 1 uses> {invitation.warning}")
    assert invitation.expires_at is not None
    assert timedelta(minutes=110) < invitation.expires_at - datetime.now(UTC) <= timedelta(hours=2)
    with join(invitation.link, "Ada") as guest:
        guest.text = "by a guest"
        guest.wait_saved(10)
        room.wait_for(lambda: room.text == "by a guest", 10)
        (member,) = room.members()
        assert (member.name, member.role, member.is_guest) == ("Ada", "writer", True)
        with pytest.raises(InviteExhausted):
            join(invitation.link, "Late")
        with pytest.raises(PermissionDenied):
            guest.invite()
        room.set_role(member.principal, "viewer")
        guest.wait_for(lambda: guest.role == "viewer", 10)
        invitation.revoke(remove_members=True)
        guest.wait_for(lambda: guest.status == "refused", 10)
        assert "removed you from this room" in guest.problem
    with pytest.raises(InviteRevoked):
        join(invitation.link, "Late")
    kinds = [event.kind for event in room.audit() if event.kind not in ("joined", "left")]
    assert kinds[:4] == ["invite_revoked", "role_changed", "came", "invited"]


def test_a_rotated_link_leads_nowhere(room: Room) -> None:
    invitation = room.invite()
    assert invitation.warning == ""
    assert repr(invitation).endswith("uses>")
    former = invitation.link
    invitation.rotate()
    assert invitation.link != former
    with pytest.raises(InviteNotFound):
        join(former, "Ada")
    with join(invitation.link, "Ada") as guest:
        assert guest.role == "viewer"


def test_no_secret_is_shown_by_accident(room: Room) -> None:
    invitation = room.invite(password="swordfish")
    token = invitation.link.partition("#")[2]
    (listed,) = room.invitations()
    for text in (repr(invitation), repr(listed), repr(invitation._info), str(vars(invitation._twin))):
        assert token not in text
        assert invitation.code not in text
    with pytest.raises(ValueError, match="rotate"):
        _ = listed.link
    with pytest.raises(PasswordRequired):
        join(invitation.link, "Ada")
    with join(invitation.link, "Ada", password="swordfish") as guest:
        assert guest.role == "viewer"


def test_who_waits_is_let_in_or_not(room: Room) -> None:
    invitation = room.invite(approval=True)
    outcome: list[object] = []

    def come() -> None:
        try:
            with join(invitation.link, "Ada", timeout=30) as guest:
                outcome.append(guest.role)
        except NotAMember as error:
            outcome.append(error)

    for decide in (lambda who: room.set_role(who, "viewer"), room.remove_member):
        coming = threading.Thread(target=come)
        coming.start()
        waiting = _until_waiting(room)
        decide(waiting)
        coming.join(30)
    assert outcome[0] == "viewer"
    assert "did not let you in" in str(outcome[1])
    with pytest.raises(NotAMember, match="within"):
        join(invitation.link, "Late", timeout=0.5)


def _until_waiting(room: Room) -> str:
    """The principal of somebody who asks to be let in."""
    waiting: list[str] = []
    while not waiting:
        waiting = [member.principal for member in room.members() if member.status == "waiting"]
    return waiting[0]


def test_a_user_of_the_server_is_named_by_name_alone(room: Room) -> None:
    room.set_role("bob", "runner")
    (bob,) = room.members()
    assert (bob.principal, bob.role, bob.is_guest) == ("server:bob", "runner", False)
    room.remove_member("bob")
    assert room.members() == []


def test_the_same_with_async(server: RunningServer, room: Room) -> None:
    async def invite() -> None:
        async with connect_async(room.id, server.url, server.token) as owner:
            invitation = await owner.invite("viewer", expires=None)
            assert invitation.expires_at is None
            async with join_async(invitation.link, "Ada") as guest:
                assert guest.role == "viewer"
            await invitation.rotate()
            await invitation.revoke()
            assert await owner.invitations() == []

    anyio.run(invite)


@pytest.mark.parametrize("link", ["", "https://example.org/lab?room=demo", "https://example.org/collab/join", "join#x"])
def test_what_is_no_link_of_an_invitation(link: str) -> None:
    with pytest.raises(ContentError, match="no link"):
        join(link, "Ada")


@pytest.mark.parametrize(
    ("span", "seconds"), [("90s", 90), ("30 m", 1800), ("2H", 7200), ("7d", 604_800), ("1w", 604_800)]
)
def test_spans_of_time(span: str, seconds: int) -> None:
    assert seconds_of(span) == seconds
    assert seconds_of(timedelta(seconds=seconds)) == seconds


@pytest.mark.parametrize("span", ["", "2", "h", "-1h", "1.5h", "2 years", "٢h"])
def test_what_is_no_span_of_time(span: str) -> None:
    with pytest.raises(ValueError, match="no span"):
        seconds_of(span)


def test_what_somebody_runs_who_may_not_any_more_is_told_with_how_to_end_it(room: Room) -> None:
    room.text = "import time; time.sleep(600)"
    room.wait_saved(10)
    invitation = room.invite("editor")
    with join(invitation.link, "Gus") as guest:
        assert room.set_role(room.members()[0].principal, "viewer") is None, "nothing was run"
        room.set_role(room.members()[0].principal, "runner")
        guest.wait_for(lambda: guest.role == "runner", 10)
        with pytest.raises(TimeoutError):
            guest.run(timeout=0.1)
        room.wait_for(lambda: room.kernel.status == "busy", 60)
        (gus,) = room.members()
        said = room.set_role(gus.principal, "viewer")
        assert said is not None
        assert "still runs" in said
        assert "room.kernel.interrupt()" in said
        room.kernel.interrupt()
        while room.members()[0].in_kernel == "running":
            pass
        said = invitation.revoke(remove_members=True)
        assert said is not None
        assert "may go on" in said
