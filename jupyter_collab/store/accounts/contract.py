"""A store's accounts: people who sign in here, not at the Jupyter server."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime

__all__ = ["AccountRecord", "AccountStore"]


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """A person's account. ``password_hash`` is ``None`` for sign-in at a provider only. Times are in UTC.

    ``may_use_server`` says that they are let into JupyterLab itself, where the deployer has set that up.
    """

    id: str
    email: str
    display_name: str
    password_hash: str | None = None
    may_use_server: bool = False
    created_at: datetime | None = None
    disabled_at: datetime | None = None


class AccountStore(ABC):
    """The contract; an account is named by its id, or by its e-mail address in lower case."""

    @abstractmethod
    async def add(self, account: AccountRecord) -> AccountRecord:
        """Make an account; ``AccountExists`` if the address has one."""

    @abstractmethod
    async def get(self, account_id: str) -> AccountRecord:
        """One account; ``AccountNotFound``."""

    @abstractmethod
    async def find(self, email: str) -> AccountRecord:
        """The account with this address; ``AccountNotFound``."""

    @abstractmethod
    async def everybody(self) -> list[AccountRecord]:
        """All of them, by address."""

    @abstractmethod
    async def set_password(self, account_id: str, password_hash: str) -> None:
        """Give an account another password, which ends all its sessions; ``AccountNotFound``."""

    @abstractmethod
    async def set_use_of_server(self, account_id: str, *, allowed: bool) -> None:
        """Say whether somebody is let into JupyterLab itself; ``AccountNotFound``."""

    @abstractmethod
    async def set_disabled(self, account_id: str, *, disabled: bool) -> None:
        """Lock an account, which ends all its sessions, or open it again; ``AccountNotFound``."""

    @abstractmethod
    async def by_identity(self, issuer: str, subject: str, fresh: AccountRecord) -> AccountRecord:
        """The account of ``subject`` at ``issuer``, else ``fresh``, which is stored for them.

        An address that another account has is not proof enough to be let into that: ``AccountExists``.
        """
