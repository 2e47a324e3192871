"""The store's contract for blobs: outputs too large for the documents of rooms, by digest."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass

__all__ = ["MIN_BLOB_AGE_SECONDS", "Blob", "BlobStore"]

MIN_BLOB_AGE_SECONDS = 60
"""A blob that is younger is not dropped: the edit that refers to it may be on its way."""


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes that are too large for the document; ``digest`` is their SHA-256 in hexadecimal digits."""

    digest: str
    data: bytes
    media_type: str

    @classmethod
    def of(cls, data: bytes, media_type: str) -> "Blob":
        """The blob that ``data`` make."""
        return cls(hashlib.sha256(data).hexdigest(), data, media_type)


class BlobStore(ABC):
    """The contract."""

    @abstractmethod
    async def put_blobs(self, room_id: str, blobs: Sequence[Blob]) -> None:
        """Keep ``blobs`` for a room; one that it has already counts as new. ``RoomNotFound`` if there is no room."""

    @abstractmethod
    async def get_blob(self, room_id: str, digest: str) -> Blob:
        """One of a room's blobs; ``BlobNotFound`` if it has none of that digest."""

    @abstractmethod
    async def collect_blobs(self, room_id: str, kept: Collection[str]) -> int:
        """Drop a room's blobs but those of the digests ``kept`` and those put in the last minute.

        Returns how many the room still has.
        """
