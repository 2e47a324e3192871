"""Guessing an account's password: slowed down for who guesses, and not for the account's owner elsewhere."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from jupyter_collab.errors import SignInRefused, StoreUnavailable, TooManyAttempts
from jupyter_collab.people import Accounts, accounts
from jupyter_collab.store import AccountRecord
from jupyter_collab.store.accounts.sql import SQLAccounts
from tests.unit.doubles import faulty_store, serving
from tests.unit.scenarios import scenario

PASSWORD = "correct horse battery"
HERE, ELSEWHERE = "192.0.2.1", "198.51.100.7"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are kept as they are: hashing them takes longer than all the rest."""
    monkeypatch.setattr(accounts, "hash_password", lambda password: password)
    monkeypatch.setattr(accounts, "is_password", lambda password, kept: password == kept)


@asynccontextmanager
async def signing_in(folder: Path) -> AsyncIterator[Accounts]:
    """A server process with the accounts of Ada and Bob."""
    async with serving(faulty_store(folder), rooms=()) as manager:
        for name in ("ada", "bob"):
            await manager.store.accounts.add(AccountRecord(name, f"{name}@example.org", name.title(), PASSWORD))
        yield Accounts(manager, passwords=True)


async def outcome(signing: Accounts, address: str, password: str = "guess", name: str = "ada") -> str:
    """Whether somebody is let in, is told that it is wrong, or has to wait."""
    try:
        return (await signing.sign_in(f"{name}@example.org", password, address)).display_name
    except SignInRefused:
        return "wrong"
    except TooManyAttempts:
        return "wait"


@scenario
async def test_who_guesses_waits_and_the_owner_does_not(tmp_path: Path) -> None:
    async with signing_in(tmp_path) as signing:
        assert [await outcome(signing, HERE) for _ in range(12)] == ["wrong"] * 10 + ["wait"] * 2
        assert await outcome(signing, HERE, PASSWORD) == "wait"
        assert await outcome(signing, ELSEWHERE, PASSWORD) == "Ada"
        assert await outcome(signing, HERE, PASSWORD, "bob") == "Bob"


@scenario
async def test_an_address_of_ipv6_is_a_whole_network(tmp_path: Path) -> None:
    async with signing_in(tmp_path) as signing:
        said = [await outcome(signing, f"2001:db8:1:2::{number:x}") for number in range(12)]
        assert said == ["wrong"] * 10 + ["wait"] * 2
        assert await outcome(signing, "2001:db8:1:3::1", PASSWORD) == "Ada"


@scenario
async def test_one_address_guesses_few_passwords_of_many_accounts(tmp_path: Path) -> None:
    async with signing_in(tmp_path) as signing:
        said = [await outcome(signing, HERE, name=f"n{number}") for number in range(52)]
        assert said == ["wrong"] * 50 + ["wait"] * 2
        assert await outcome(signing, HERE, PASSWORD) == "wait"
        assert await outcome(signing, ELSEWHERE, PASSWORD) == "Ada"


@scenario
async def test_many_addresses_guess_slowly_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "WRONG_PER_ACCOUNT", 25)
    async with signing_in(tmp_path) as signing:
        said = [await outcome(signing, f"192.0.2.{number}") for number in range(27)]
        assert said == ["wrong"] * 25 + ["wait"] * 2
        assert await outcome(signing, ELSEWHERE, PASSWORD, "bob") == "Bob"


@scenario
async def test_many_guesses_at_once_all_count(tmp_path: Path) -> None:
    async with signing_in(tmp_path) as signing:
        said = await asyncio.gather(*(outcome(signing, HERE) for _ in range(40)))
        assert sorted(said) == ["wait"] * 30 + ["wrong"] * 10


@scenario
async def test_what_the_store_cannot_say_is_not_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(self: object, email: str) -> AccountRecord:
        raise StoreUnavailable("The store cannot be read: disk gone.")

    async with signing_in(tmp_path) as signing:
        with monkeypatch.context() as broken:
            broken.setattr(SQLAccounts, "find", fail)
            for _ in range(20):
                with pytest.raises(StoreUnavailable):
                    await outcome(signing, HERE)
        assert await outcome(signing, HERE, PASSWORD) == "Ada"


@scenario
async def test_who_is_right_is_never_counted(tmp_path: Path) -> None:
    async with signing_in(tmp_path) as signing:
        assert {await outcome(signing, HERE, PASSWORD) for _ in range(60)} == {"Ada"}
        assert [await outcome(signing, HERE) for _ in range(11)] == ["wrong"] * 10 + ["wait"]
