"""Accounts: people whom the Jupyter server does not know, but a password of theirs, or a provider."""

import asyncio
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..access import Attempts, User, UserKind, hash_password, is_password, person
from ..errors import AccountNotFound, SignInRefused
from ..rooms import MAX_NAME_CHARACTERS, RoomManager
from ..store import AccountRecord
from .passwords import MAX_PASSWORD_CHARACTERS

if TYPE_CHECKING:
    from .sign_in import Identity, Provider

__all__ = ["Accounts", "account_user"]

WRONG_SECONDS = 300.0
WRONG_PER_ACCOUNT = 10
WRONG_PER_ADDRESS = 50


class Accounts:
    """Who may sign in, and how; ``providers`` by their ids. Without either, nobody can."""

    def __init__(self, rooms: RoomManager, *, passwords: bool, providers: Mapping[str, "Provider"]) -> None:
        self.passwords = passwords
        self.providers = providers
        self._rooms = rooms
        self._wrong_account = Attempts(WRONG_PER_ACCOUNT, WRONG_SECONDS)
        self._wrong_address = Attempts(WRONG_PER_ADDRESS, WRONG_SECONDS)
        self._nobodys_hash: str | None = None

    async def sign_in(self, email: str, password: str, address: str) -> AccountRecord:
        """The account that this is the password of; raises ``SignInRefused``, ``TooManyAttempts``."""
        email = email.strip().lower()
        if not self.passwords:
            raise SignInRefused("Nobody signs in here with a password.")
        self._wrong_account.check(email)
        self._wrong_address.check(address)
        try:
            account = await self._rooms.store.accounts.find(email)
        except AccountNotFound:
            account = None
        kept = None if account is None else account.password_hash
        is_right = len(password) <= MAX_PASSWORD_CHARACTERS and await asyncio.to_thread(
            is_password, password, kept or await self._hash_of_nobody()
        )
        if account is None or kept is None or account.disabled_at is not None or not is_right:
            self._wrong_account.failed(email)
            self._wrong_address.failed(address)
            raise SignInRefused("That address and that password do not belong together, or the account is locked.")
        return account

    async def _hash_of_nobody(self) -> str:
        """What a password is held against when there is no account: how long that takes must not tell."""
        if self._nobodys_hash is None:
            self._nobodys_hash = await asyncio.to_thread(hash_password, secrets.token_urlsafe())
        return self._nobodys_hash

    async def of(self, identity: "Identity") -> AccountRecord:
        """The account of somebody whom a provider vouches for, which is made if they are new."""
        name = identity.name[:MAX_NAME_CHARACTERS]
        fresh = AccountRecord(secrets.token_hex(8), identity.email, name)
        account = await self._rooms.store.accounts.by_identity(identity.issuer, identity.subject, fresh)
        if account.disabled_at is not None:
            raise SignInRefused("Your account is locked. Ask who runs this server.")
        return account


def account_user(account: AccountRecord) -> User:
    """The person whose account it is."""
    return person(UserKind.ACCOUNT, account.id, account.display_name)
