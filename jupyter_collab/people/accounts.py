"""Accounts: people without a login of the Jupyter server, who sign in with a password or at a provider."""

import secrets
from dataclasses import dataclass

from ..access import Guesses, Session, User, UserKind, hash_password, hashing, is_password, network_of, person
from ..errors import AccountNotFound, ContentError, SignInRefused
from ..names import clean_name
from ..rooms import RoomManager
from ..store import AccountRecord
from .guests import MAX_NAME_CHARACTERS
from .passwords import MAX_PASSWORD_CHARACTERS
from .wrong_guesses import WrongGuesses

__all__ = ["Accounts", "Identity", "account_user", "check_email"]

MAX_EMAIL_CHARACTERS = 400

NAMELESS = "Somebody"

WRONG_SECONDS = 300.0
WRONG_PER_ACCOUNT_AND_ADDRESS = 10
WRONG_PER_ADDRESS = 50

WRONG_PER_ACCOUNT = 1000
"""From all addresses, in an hour: ten addresses that guess without end keep an account's owner out, one does not."""

HOUR_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Identity:
    """A person, as ``issuer`` identifies them; ``subject`` never changes, an address or a name may."""

    issuer: str
    subject: str
    email: str
    name: str


class Accounts:
    """The accounts of the rooms' store; ``passwords`` says whether people may sign in with one."""

    def __init__(self, rooms: RoomManager, *, passwords: bool) -> None:
        self.passwords = passwords
        self._rooms = rooms
        wrong = WrongGuesses(rooms, "passwords of accounts")
        self._guesses = Guesses(
            wrong.count("account and address", WRONG_PER_ACCOUNT_AND_ADDRESS, WRONG_SECONDS),
            wrong.count("address", WRONG_PER_ADDRESS, WRONG_SECONDS),
            wrong.count("account", WRONG_PER_ACCOUNT, HOUR_SECONDS),
        )
        self._nobodys_hash: str | None = None

    async def sign_in(self, email: str, password: str, address: str) -> AccountRecord:
        """The account that this is the password of; raises ``SignInRefused``, ``TooManyAttempts``."""
        if not self.passwords:
            raise SignInRefused("This server has no sign-in with a password.")
        email = email.strip().lower()[:MAX_EMAIL_CHARACTERS]  # it is remembered when it is wrong
        network = network_of(address)
        account = await self._guesses.guess(
            (f"{network} {email}", network, email), lambda: self._account_with(email, password), address=network
        )
        if account is None:
            raise SignInRefused("That address and that password do not belong together, or the account is locked.")
        return account

    async def _account_with(self, email: str, password: str) -> AccountRecord | None:
        """The account that this is the password of, if it may be used."""
        try:
            account = await self._rooms.store.accounts.find(email)
        except AccountNotFound:
            account = None
        kept = None if account is None else account.password_hash
        is_right = len(password) <= MAX_PASSWORD_CHARACTERS and await hashing(
            is_password, password, kept or await self._hash_of_nobody()
        )
        return account if is_right and kept is not None and account is not None and not account.disabled_at else None

    async def _hash_of_nobody(self) -> str:
        """The hash for passwords of unknown accounts: the response time must not tell whether an account exists."""
        if self._nobodys_hash is None:
            self._nobodys_hash = await hashing(hash_password, secrets.token_urlsafe())
        return self._nobodys_hash

    async def of(self, identity: Identity) -> AccountRecord:
        """The account of a person who signs in at a provider; it is created for new people.

        Raises
        ------
        ContentError, SignInRefused
            Their address is none; their account is locked.
        """
        email = check_email(identity.email)
        fresh = AccountRecord(secrets.token_hex(8), email, _name_of(identity.name, email))
        account = await self._rooms.store.accounts.by_identity(identity.issuer, identity.subject, fresh)
        if account.disabled_at is not None:
            raise SignInRefused("Your account is locked. Ask the server's administrator.")
        return account

    async def server_user(self, session: Session) -> AccountRecord | None:
        """The account that ``session`` is of, if it may use the server itself now."""
        if session.user.kind is not UserKind.ACCOUNT:
            return None
        try:
            account = await self._rooms.store.accounts.get(session.user.username)
        except AccountNotFound:
            return None
        return account if account.may_use_server and account.disabled_at is None else None


def check_email(email: str) -> str:
    """An address as it is kept, or ``ContentError``."""
    email = email.strip().lower()
    user, _, domain = email.partition("@")
    is_text = email.isprintable() and " " not in email and clean_name(email, MAX_EMAIL_CHARACTERS) == email
    if not user or not domain or "@" in domain or not is_text:
        raise ContentError(f"{email[:MAX_EMAIL_CHARACTERS]!r} is no e-mail address.")
    return email


def _name_of(name: str, email: str) -> str:
    """A person's name: the provider's ``name``, or the beginning of their address."""
    for wish in (name, email.partition("@")[0]):
        if (cleaned := clean_name(wish[:MAX_NAME_CHARACTERS], MAX_NAME_CHARACTERS)) is not None:
            return cleaned
    return NAMELESS


def account_user(account: AccountRecord) -> User:
    """The person whose account it is."""
    return person(UserKind.ACCOUNT, account.id, account.display_name)
