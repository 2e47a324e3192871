"""What every store promises (``store/accounts/contract.py``) of accounts."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from jupyter_collab.errors import AccountExists, AccountNotFound
from jupyter_collab.store import AccountRecord

from .scenarios import scenario
from .stores import StoreMaker, opened

ADA = AccountRecord("a1", "Ada@Example.org", "Ada", "hash")
ISSUER = "https://id.example.org"


@scenario
async def test_an_account_is_found_by_its_address(make_sql_store: StoreMaker, tmp_path: Path) -> None:
    async with opened(store := make_sql_store(tmp_path)):
        made = await store.accounts.add(ADA)
        assert (made.email, made.may_use_server, made.disabled_at) == ("ada@example.org", False, None)
        assert made == await store.accounts.find("ADA@example.org") == await store.accounts.get("a1")
        assert await store.accounts.everybody() == [made]
        with pytest.raises(AccountExists):
            await store.accounts.add(AccountRecord("a2", "ada@example.ORG", "Eve"))
        for search in (store.accounts.find("eve@example.org"), store.accounts.get("a2")):
            with pytest.raises(AccountNotFound):
                await search


@scenario
async def test_another_password_or_a_lock_ends_the_sessions(make_sql_store: StoreMaker, tmp_path: Path) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    async with opened(store := make_sql_store(tmp_path)):
        await store.accounts.add(ADA)

        async def is_signed_in() -> bool:
            return await store.people.session("s") is not None

        for end in (store.accounts.set_password("a1", "other"), store.accounts.set_disabled("a1", disabled=True)):
            await store.people.begin_session("s", "account:a1", later)
            await store.people.begin_session("t", "account:a2", later)
            assert await is_signed_in()
            await end
            assert not await is_signed_in()
            assert await store.people.session("t") is not None
            await store.people.end_sessions(session_hash="t")
        locked = await store.accounts.get("a1")
        assert (locked.password_hash, locked.disabled_at is None) == ("other", False)
        await store.accounts.set_disabled("a1", disabled=False)
        await store.accounts.set_use_of_server("a1", allowed=True)
        opened_again = await store.accounts.get("a1")
        assert (opened_again.disabled_at, opened_again.may_use_server) == (None, True)
        with pytest.raises(AccountNotFound):
            await store.accounts.set_password("none", "x")


@scenario
async def test_who_a_provider_vouches_for_has_one_account(make_sql_store: StoreMaker, tmp_path: Path) -> None:
    async with opened(store := make_sql_store(tmp_path)):
        fresh = [AccountRecord(f"n{n}", "zoe@example.org", "Zoe") for n in range(3)]
        first, second = await asyncio.gather(
            *(store.accounts.by_identity(ISSUER, "zoe", record) for record in fresh[:2])
        )
        assert first == second
        with pytest.raises(AccountExists):
            await store.accounts.by_identity("https://other.example", "zoe", fresh[2])
        with pytest.raises(AccountExists):
            await store.accounts.by_identity(ISSUER, "somebody else", fresh[2])
        assert len(await store.accounts.everybody()) == 1
