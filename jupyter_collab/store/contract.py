"""The contract of a store as a whole; each part has a contract of its own."""

from abc import abstractmethod

from .accounts.contract import AccountStore
from .blobs.contract import BlobStore
from .kernel_leases.contract import KernelLeaseStore
from .messages.contract import MessageStore
from .people.contract import PeopleStore
from .rooms.contract import RoomStore
from .runs.contract import RunStore

__all__ = ["Store"]


class Store(RoomStore, BlobStore, RunStore, KernelLeaseStore, MessageStore):
    """The contract; ``tests/unit/test_store_contract*.py`` hold every implementation to it.

    Whatever cannot be written raises :class:`~jupyter_collab.errors.NotSaved`, whatever cannot be read
    :class:`~jupyter_collab.errors.StoreUnavailable`; both may be tried again.
    """

    @abstractmethod
    async def open(self) -> None:
        """Connect, and bring the schema up to date."""

    @abstractmethod
    async def close(self) -> None:
        """Finish the work in progress, and disconnect."""

    @property
    @abstractmethod
    def people(self) -> PeopleStore:
        """Who may do what in the rooms."""

    @property
    @abstractmethod
    def accounts(self) -> AccountStore:
        """Who signs in here, and not on the Jupyter server."""
