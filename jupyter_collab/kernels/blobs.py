"""What is too large for the document: kept in the store by its content, with a reference in the document."""

import base64
import binascii
import hashlib
import json
import mimetypes
import re
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from tempfile import SpooledTemporaryFile
from typing import Any

from ..document import RoomDocument
from ..document.values import canonical
from ..store import Blob

__all__ = [
    "BLOB_TYPE",
    "Spool",
    "blob_digests",
    "find_blobs",
    "reference",
    "references_in",
    "value_bytes",
    "value_of",
    "words_about",
    "words_for",
]

BLOB_TYPE = "application/vnd.jupyter-collab.blob+json"
"""The MIME type of a reference: ``digest``, ``bytes``, ``media_type``, ``name``; ``also`` lists more of the same.

For the beginning of what was printed, ``stream`` says where, and ``lost_bytes`` how much came after it and is lost.
"""

SPOOL_MEMORY_BYTES = 256 * 2**10
"""What is longer waits on the disk."""

BASE64_TYPE = re.compile(r"(image|audio|video)/(?!svg)|application/(pdf|octet-stream)")
JSON_TYPE = re.compile(r"application/(.*\+)?json")


class Spool:
    """Output that waits to become a blob: the first ``max_bytes`` of it, whole characters of UTF-8.

    Its digest is made on the way, a little at a time: that of all of it at once would be a pause.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._file = SpooledTemporaryFile(SPOOL_MEMORY_BYTES)  # noqa: SIM115  # closed with the spool
        self._close = weakref.finalize(self, self._file.close)
        self._digest = hashlib.sha256()
        self.kept_bytes = 0
        self.lost_bytes = 0

    def add(self, data: bytes) -> None:
        """Put ``data``, whole characters, at the end, if there is space."""
        free = 0 if self.lost_bytes else self._max_bytes - self.kept_bytes
        while 0 < free < len(data) and data[free] & 0xC0 == 0x80:  # in the middle of a character
            free -= 1
        kept = data[:free]
        self._file.write(kept)
        self._digest.update(kept)
        self.kept_bytes += len(kept)
        self.lost_bytes += len(data) - len(kept)

    def take(self, media_type: str) -> Blob:
        """All of it; the spool is closed."""
        self._file.seek(0)
        data = self._file.read()
        self._close()
        return Blob(self._digest.hexdigest(), data, media_type)


def reference(blob: Blob, name: str) -> dict[str, Any]:
    """What stands in the document for ``blob``; ``name`` is for whoever saves it, without an extension."""
    media_type = blob.media_type.partition(";")[0]
    return {
        "digest": blob.digest,
        "bytes": len(blob.data),
        "media_type": blob.media_type,
        "name": name + (mimetypes.guess_extension(media_type) or ""),
    }


def words_for(count: int) -> str:
    """A number of bytes, as people say it."""
    for unit, size in (("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.3g} {unit}" if count < 1000 * size else f"{count // size:,} {unit}"
    return f"{count} bytes"


def words_about(references: Iterable[Mapping[str, Any]]) -> str:
    """What is said to people where these stand for values of a MIME bundle."""
    return "\n".join(
        f"{item.get('media_type')} of {words_for(_int(item.get('bytes')))} is kept apart." for item in references
    )


def _int(value: object) -> int:
    return value if isinstance(value, int) else 0


def value_bytes(media_type: str, value: Any) -> Blob:
    """A value of a MIME bundle as a blob; an image is one, not its base64."""
    if not isinstance(value, str) or JSON_TYPE.fullmatch(media_type):
        return Blob.of(canonical(value).encode(), media_type)
    if BASE64_TYPE.match(media_type):
        try:
            return Blob.of(base64.b64decode("".join(value.split()), validate=True), media_type)
        except (binascii.Error, ValueError):  # it is not what it claims to be
            return Blob.of(value.encode(), "text/plain")
    return Blob.of(value.encode(), media_type)


def value_of(blob: Blob) -> Any:
    """The value of a MIME bundle that :func:`value_bytes` made a blob of."""
    if JSON_TYPE.fullmatch(blob.media_type):
        return json.loads(blob.data)
    if BASE64_TYPE.match(blob.media_type):
        return base64.b64encode(blob.data).decode()
    return blob.data.decode()


def blob_digests(document: RoomDocument) -> set[str]:
    """The digests of all blobs that the outputs in ``document`` refer to."""
    return {
        digest
        for cell in document.cells
        for output in cell.get("outputs", ())
        for item in references_in(output.get("data", {}).get(BLOB_TYPE))
        if isinstance(digest := item.get("digest"), str)
    }


def find_blobs(updates: Sequence[bytes]) -> set[str]:
    """The same of a document as Yjs updates; for a worker process, as a large one takes a while to be read."""
    return blob_digests(RoomDocument.of(updates))


def references_in(value: object) -> Iterator[Mapping[str, Any]]:
    """The reference that ``value``, which a peer may have written, is, and those in it."""
    if isinstance(value, Mapping):
        also = value.get("also")
        for item in (value, *(also if isinstance(also, list) else ())):
            if isinstance(item, Mapping):
                yield item
