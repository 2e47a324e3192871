"""Who comes by an invitation: what they get, what they keep, and how long one may guess."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from jupyter_collab.access import Role, User, UserKind, person
from jupyter_collab.errors import InviteNotFound, TooManyAttempts, WrongPassword
from jupyter_collab.people import Entry, Invitations, InviteWish, Members
from jupyter_collab.people import invitations as invitations_module
from jupyter_collab.people.invitations import SECONDS_PER_CODE, WRONG_PER_ADDRESS

from .backplanes import Servers
from .doubles import ScriptedPeer, faulty_store, serving, user
from .scenarios import scenario, until

ADA, BOB = user("ada"), user("bob")
GUEST = person(UserKind.GUEST, "91bc", "Gus")


@asynccontextmanager
async def a_server(folder: Path) -> AsyncIterator[tuple[Invitations, Members]]:
    """A server process with the room ``demo``, which all users of the server own."""
    async with serving(faulty_store(folder)) as manager:
        members = Members(manager, guests_may_run=True)
        manager.watchers.append(members)
        yield Invitations(manager, members, guests_allowed=True), members
        await members.close()


async def came(invitations: Invitations, user: User, wish: InviteWish) -> Entry:
    """How ``user`` stands who comes by a new invitation."""
    invite, _ = await invitations.invite("demo", wish, ADA)
    return await invitations.redeem(invite, user, wish.password, "192.0.2.1")


@scenario
async def test_a_better_place_is_kept(tmp_path: Path) -> None:
    async with a_server(tmp_path) as (invitations, members):
        for role, becomes in [(Role.WRITER, Role.WRITER), (Role.VIEWER, Role.WRITER), (Role.EDITOR, Role.EDITOR)]:
            assert (await came(invitations, GUEST, InviteWish(role))).role is becomes
            assert await members.role("demo", GUEST, Role.OWNER) is becomes
        assert [invite.uses for invite in await invitations.list("demo")].count(0) == 1, "nothing was used for it"


@scenario
async def test_an_owner_who_tries_their_own_link_stays_an_owner(tmp_path: Path) -> None:
    of_account = replace(person(UserKind.ACCOUNT, "a1", "Cy"), uses_server=True)
    async with a_server(tmp_path) as (invitations, members):
        for owner in (ADA, of_account):
            assert (await came(invitations, owner, InviteWish(Role.VIEWER))).role is Role.OWNER
            assert await members.role("demo", owner, Role.OWNER) is Role.OWNER
        for role in (Role.VIEWER, Role.WRITER):
            other = person(UserKind.ACCOUNT, f"another-{role}", "Di")
            assert (await came(invitations, other, InviteWish(role))).role is role


@scenario
async def test_who_is_in_does_not_go_back_to_waiting(tmp_path: Path) -> None:
    async with a_server(tmp_path) as (invitations, _):
        await came(invitations, GUEST, InviteWish(Role.VIEWER))
        entry = await came(invitations, GUEST, InviteWish(Role.EDITOR, needs_approval=True))
        assert (entry.status, entry.role) == ("active", Role.VIEWER)


@scenario
async def test_who_waits_comes_in_by_a_link_that_needs_nobody(tmp_path: Path) -> None:
    async with a_server(tmp_path) as (invitations, _):
        asking = InviteWish(Role.EDITOR, needs_approval=True)
        assert (await came(invitations, GUEST, asking)).status == "waiting"
        assert (await came(invitations, GUEST, asking)).status == "waiting"
        entry = await came(invitations, GUEST, InviteWish(Role.VIEWER))
        assert (entry.status, entry.role) == ("active", Role.VIEWER)


@scenario
async def test_many_guesses_at_once_count_as_many(tmp_path: Path) -> None:
    async with a_server(tmp_path) as (invitations, _):
        _, made = await invitations.invite("demo", InviteWish(Role.VIEWER), ADA)

        async def guess(code: str, address: str) -> type[BaseException] | None:
            try:
                await invitations.find(token=None, code=code, address=address)
            except (InviteNotFound, TooManyAttempts) as error:
                return type(error)
            return None

        guesses = [guess(f"0000-{n:04}", f"2001:db8::{n:x}") for n in range(60)]
        ends = await asyncio.gather(*guesses)
        assert (ends.count(InviteNotFound), ends.count(TooManyAttempts)) == (20, 40)
        assert await guess(made.code, "192.0.2.1") is None, "another address may go on"
        found = await invitations.find(token=made.token, code=None, address="2001:db8::1")
        assert found.room_id == "demo", "and a link is never refused for it"


@scenario
async def test_wrong_passwords_are_counted(tmp_path: Path) -> None:
    async with a_server(tmp_path) as (invitations, _):
        invite, _ = await invitations.invite("demo", InviteWish(Role.VIEWER, password="swordfish"), ADA)
        for _ in range(20):
            with pytest.raises(WrongPassword):
                await invitations.redeem(invite, GUEST, "x" * 201, "192.0.2.1")
        with pytest.raises(TooManyAttempts):
            await invitations.redeem(invite, GUEST, "swordfish", "192.0.2.1")
        assert (await invitations.redeem(invite, GUEST, "swordfish", "192.0.2.2")).status == "active"


@scenario
async def test_that_somebody_came_by_a_password_lets_nobody_guess_it_for_longer(tmp_path: Path) -> None:
    async with a_server(tmp_path) as (invitations, _):
        invite, _ = await invitations.invite("demo", InviteWish(Role.VIEWER, password="swordfish"), ADA)
        await invitations.redeem(invite, BOB, "swordfish", "192.0.2.2")
        for _ in range(20):
            with pytest.raises(WrongPassword):
                await invitations.redeem(invite, GUEST, "x" * 201, "192.0.2.1")
        for password in ("wrong", "swordfish"):
            with pytest.raises(TooManyAttempts):
                await invitations.redeem(invite, GUEST, password, "192.0.2.1")


@scenario
async def test_who_guesses_codes_or_another_links_password_closes_no_link(tmp_path: Path) -> None:
    async with a_server(tmp_path) as (invitations, _):
        wish = InviteWish(Role.VIEWER, password="swordfish")
        (ours, _), (theirs, _) = [await invitations.invite("demo", wish, ADA) for _ in range(2)]
        for number in range(20):
            with pytest.raises(InviteNotFound):
                await invitations.find(token=None, code=f"0000-{number:04}", address="192.0.2.1")
            with pytest.raises(WrongPassword):
                await invitations.redeem(theirs, BOB, "wrong", "192.0.2.1")
        assert (await invitations.redeem(ours, GUEST, "swordfish", "192.0.2.1")).status == "active"


async def guess_from_everywhere(invitations: Invitations, count: int) -> None:
    """Wrong codes, each from an address of its own."""
    for number in range(count):
        with pytest.raises(InviteNotFound):
            await invitations.find(token=None, code=f"0000-{number:04}", address=f"198.51.0.{number}")


@scenario
async def test_guesses_from_everywhere_close_codes_to_those_who_guessed_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jupyter_collab.people.invitations.WRONG_CODES", 10)
    async with a_server(tmp_path) as (invitations, _):
        _, made = await invitations.invite("demo", InviteWish(Role.VIEWER), ADA)
        await guess_from_everywhere(invitations, 10)
        with pytest.raises(TooManyAttempts):
            await invitations.find(token=None, code=made.code, address="198.51.0.3")
        assert (await invitations.find(token=None, code=made.code, address="192.0.2.1")).room_id == "demo"


@scenario
async def test_with_ever_so_many_addresses_guesses_are_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jupyter_collab.people.invitations.WRONG_CODES", 2)
    monkeypatch.setattr("jupyter_collab.people.invitations.WAITING_CODES", 5)
    async with a_server(tmp_path) as (invitations, _):
        await guess_from_everywhere(invitations, 2)
        guesses = (invitations.find(token=None, code=f"1111-{n:04}", address=f"2001:db8:{n:x}::1") for n in range(20))
        began = time.monotonic()
        ends = await asyncio.gather(*guesses, return_exceptions=True)
        assert [type(end) for end in ends].count(InviteNotFound) == 5
        assert [type(end) for end in ends].count(TooManyAttempts) == 15
        assert time.monotonic() - began > 5 * SECONDS_PER_CODE


@scenario
async def test_a_class_that_types_one_code_does_not_wait_for_each_other(tmp_path: Path) -> None:
    async with a_server(tmp_path) as (invitations, _):
        _, made = await invitations.invite("demo", InviteWish(Role.VIEWER), ADA)
        await invitations.find(token=None, code=made.code, address="192.0.2.1")
        with pytest.MonkeyPatch.context() as no_more:
            no_more.setattr("jupyter_collab.people.invitations.hash_code", None)
            for _ in range(90):
                assert await invitations.find(token=None, code=made.code.lower(), address="192.0.2.1")


@scenario
async def test_codes_are_found_by_every_server_of_a_store(tmp_path: Path) -> None:
    async with a_server(tmp_path) as (one, _), a_server(tmp_path) as (other, _):
        invite, made = await one.invite("demo", InviteWish(Role.VIEWER), ADA)
        assert (await other.find(token=None, code=made.code, address="192.0.2.1")).id == invite.id
        assert hashlib.sha256(f"code {made.code.replace('-', '')}".encode()).hexdigest() != invite.code_hash


@scenario
async def test_wrong_guesses_count_at_all_servers_of_a_store(tmp_path: Path) -> None:
    servers = Servers(tmp_path)
    async with servers.server("one") as one, servers.server("two") as other:
        here, there = (
            Invitations(manager, Members(manager, guests_may_run=True), guests_allowed=True) for manager in (one, other)
        )
        ada = await ScriptedPeer("ada").join(other)
        for _ in range(WRONG_PER_ADDRESS):
            with pytest.raises(InviteNotFound):
                await here.find(token=None, code="AAAA-AAAA", address="192.0.2.1")
        await until(lambda: there._addresses.count("192.0.2.1") == WRONG_PER_ADDRESS)
        with pytest.raises(TooManyAttempts):
            await there.find(token=None, code="AAAA-AAAA", address="192.0.2.1")
        with pytest.raises(InviteNotFound):
            await there.find(token=None, code="AAAA-AAAA", address="192.0.2.2")
        ada.leave(other)


@scenario
async def test_so_many_come_by_one_invitation_in_a_minute_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jupyter_collab.people.invitations.JOINS_PER_INVITE", 3)
    async with a_server(tmp_path) as (invitations, members):
        invite, _ = await invitations.invite("demo", InviteWish(Role.VIEWER), ADA)
        guests = [person(UserKind.GUEST, f"g{number}", "Gus") for number in range(4)]
        for guest in guests[:3]:
            await invitations.redeem(invite, guest, None, "192.0.2.1")
            await invitations.redeem(invite, guest, None, "192.0.2.1")  # who is in does not come
        await members.remove("demo", guests[0].principal, guests[0])
        with pytest.raises(TooManyAttempts, match="Too many people come by this invitation"):
            await invitations.redeem(invite, guests[3], None, "192.0.2.2")
        other, _ = await invitations.invite("demo", InviteWish(Role.VIEWER), ADA)
        assert (await invitations.redeem(other, guests[3], None, "192.0.2.2")).status == "active"


@scenario
async def test_a_class_that_comes_by_one_password_waits_for_the_first_of_them_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []

    def look(password: str, kept: str) -> bool:
        hashed.append(password)
        time.sleep(0.05)
        return password == "right"

    monkeypatch.setattr(invitations_module, "is_password", look)
    async with a_server(tmp_path) as (invitations, _):
        invite, _ = await invitations.invite("demo", InviteWish(Role.WRITER, password="right"), ADA)
        everybody = [person(UserKind.GUEST, f"g{number}", "Gus") for number in range(60)]
        came = await asyncio.gather(*(invitations.redeem(invite, who, "right", "192.0.2.1") for who in everybody))
        assert {entry.status for entry in came} == {"active"}
        assert len(hashed) <= 2
        with pytest.raises(WrongPassword):
            await invitations.redeem(invite, GUEST, "wrong", "192.0.2.1")
