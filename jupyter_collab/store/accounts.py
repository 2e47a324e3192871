"""Accounts in the SQL store."""

from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, RowMapping, select

from ..errors import AccountExists, AccountNotFound
from .accounts_contract import AccountRecord, AccountStore
from .people import Runs, whole
from .rows import aware, now
from .schema import accounts, identities, sessions

__all__ = ["SQLAccounts"]

T = TypeVar("T")


class SQLAccounts(AccountStore):
    """Accounts in the store whose writer and reader are given."""

    def __init__(self, write: Runs, read: Runs) -> None:
        self._write_now = write
        self._read = read

    async def _write(self, work: Callable[[Connection], T]) -> T:
        return await self._write_now(whole(work))

    async def add(self, account: AccountRecord) -> AccountRecord:
        return await self._write(lambda connection: _add(connection, account))

    async def get(self, account_id: str) -> AccountRecord:
        return await self._read(lambda connection: _find(connection, accounts.c.id == account_id))

    async def find(self, email: str) -> AccountRecord:
        return await self._read(lambda connection: _find(connection, accounts.c.email == email.lower()))

    async def everybody(self) -> list[AccountRecord]:
        query = select(accounts).order_by(accounts.c.email)
        return await self._read(lambda connection: [_record(row) for row in connection.execute(query).mappings()])

    async def set_password(self, account_id: str, password_hash: str) -> None:
        await self._change(account_id, ends_sessions=True, password_hash=password_hash)

    async def set_use_of_server(self, account_id: str, *, allowed: bool) -> None:
        await self._change(account_id, ends_sessions=False, may_use_server=allowed)

    async def set_disabled(self, account_id: str, *, disabled: bool) -> None:
        await self._change(account_id, ends_sessions=disabled, disabled_at=now() if disabled else None)

    async def _change(self, account_id: str, *, ends_sessions: bool, **facts: Any) -> None:
        def work(connection: Connection) -> None:
            _find(connection, accounts.c.id == account_id)
            connection.execute(accounts.update().where(accounts.c.id == account_id).values(facts))
            if ends_sessions:
                connection.execute(sessions.delete().where(sessions.c.principal == f"account:{account_id}"))

        await self._write(work)

    async def by_identity(self, issuer: str, subject: str, fresh: AccountRecord) -> AccountRecord:
        def work(connection: Connection) -> AccountRecord:
            is_this = (identities.c.issuer == issuer) & (identities.c.subject == subject)
            known = connection.scalar(select(identities.c.account_id).where(is_this))
            if known is not None:
                return _find(connection, accounts.c.id == known)
            made = _add(connection, fresh)
            connection.execute(identities.insert().values(issuer=issuer, subject=subject, account_id=made.id))
            return made

        return await self._write(work)


def _add(connection: Connection, account: AccountRecord) -> AccountRecord:
    email = account.email.lower()
    if connection.scalar(select(accounts.c.id).where(accounts.c.email == email)) is not None:
        raise AccountExists(f"There is an account for {email} already; sign in as you did before.")
    facts = {column: getattr(account, column) for column in AccountRecord.__slots__}
    connection.execute(accounts.insert().values({**facts, "email": email, "created_at": now()}))
    return _find(connection, accounts.c.id == account.id)


def _find(connection: Connection, is_this: ColumnElement[bool]) -> AccountRecord:
    row = connection.execute(select(accounts).where(is_this)).mappings().first()
    if row is None:
        raise AccountNotFound("There is no such account.")
    return _record(row)


def _record(row: RowMapping) -> AccountRecord:
    return AccountRecord(**{**row, "created_at": aware(row["created_at"]), "disabled_at": aware(row["disabled_at"])})
