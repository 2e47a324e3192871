"""Accounts in the SQL store."""

from dataclasses import asdict

from sqlalchemy import ColumnElement, Connection, RowMapping, Update, select

from ...errors import AccountExists, AccountNotFound
from ..database import Database
from ..moments import aware, now
from ..schema import accounts, identities, sessions
from .contract import AccountRecord, AccountStore

__all__ = ["SQLAccounts"]


class SQLAccounts(AccountStore):
    """Accounts in ``database``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, account: AccountRecord) -> AccountRecord:
        return await self._database.write(lambda connection: _add(connection, account))

    async def get(self, account_id: str) -> AccountRecord:
        return await self._database.read(lambda connection: _find(connection, accounts.c.id == account_id))

    async def find(self, email: str) -> AccountRecord:
        return await self._database.read(lambda connection: _find(connection, accounts.c.email == email.lower()))

    async def everybody(self) -> list[AccountRecord]:
        query = select(accounts).order_by(accounts.c.email)
        return await self._database.read(
            lambda connection: [_record(row) for row in connection.execute(query).mappings()]
        )

    async def set_password(self, account_id: str, password_hash: str) -> None:
        def change(connection: Connection) -> None:
            _change(connection, account_id, accounts.update().values(password_hash=password_hash))
            _end_sessions(connection, account_id)

        await self._database.write(change)

    async def set_use_of_server(self, account_id: str, *, allowed: bool) -> None:
        change = accounts.update().values(may_use_server=allowed)
        await self._database.write(lambda connection: _change(connection, account_id, change))

    async def set_disabled(self, account_id: str, *, disabled: bool) -> None:
        def change(connection: Connection) -> None:
            _change(connection, account_id, accounts.update().values(disabled_at=now() if disabled else None))
            if disabled:
                _end_sessions(connection, account_id)

        await self._database.write(change)

    async def by_identity(self, issuer: str, subject: str, fresh: AccountRecord) -> AccountRecord:
        def find_or_add(connection: Connection) -> AccountRecord:
            is_this = (identities.c.issuer == issuer) & (identities.c.subject == subject)
            known = connection.scalar(select(identities.c.account_id).where(is_this))
            if known is not None:
                return _find(connection, accounts.c.id == known)
            made = _add(connection, fresh)
            connection.execute(identities.insert().values(issuer=issuer, subject=subject, account_id=made.id))
            return made

        return await self._database.write(find_or_add)


def _add(connection: Connection, account: AccountRecord) -> AccountRecord:
    email = account.email.lower()
    if connection.scalar(select(accounts.c.id).where(accounts.c.email == email)) is not None:
        raise AccountExists(f"There is an account for {email} already; sign in as you did before.")
    connection.execute(accounts.insert().values({**asdict(account), "email": email, "created_at": now()}))
    return _find(connection, accounts.c.id == account.id)


def _change(connection: Connection, account_id: str, change: Update) -> None:
    if connection.execute(change.where(accounts.c.id == account_id)).rowcount == 0:
        raise _no_account()


def _end_sessions(connection: Connection, account_id: str) -> None:
    connection.execute(sessions.delete().where(sessions.c.principal == f"account:{account_id}"))


def _find(connection: Connection, is_this: ColumnElement[bool]) -> AccountRecord:
    row = connection.execute(select(accounts).where(is_this)).mappings().first()
    if row is None:
        raise _no_account()
    return _record(row)


def _no_account() -> AccountNotFound:
    return AccountNotFound("There is no such account.")


def _record(row: RowMapping) -> AccountRecord:
    return AccountRecord(
        id=row["id"],
        email=row["email"],
        display_name=row["display_name"],
        password_hash=row["password_hash"],
        may_use_server=row["may_use_server"],
        created_at=aware(row["created_at"]),
        disabled_at=aware(row["disabled_at"]),
    )
