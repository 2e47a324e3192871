"""Notebooks that leave the room take what is too large for its document with them, where that fits."""

from collections.abc import Iterable, Mapping
from typing import Any

from ..document import RoomDocument, write_notebook
from ..errors import BlobNotFound
from ..store import Blob, Store
from .blobs import BLOB_TYPE, references_in, value_of, words_about

__all__ = ["MAX_INLINED_BYTES", "read_blobs", "write_whole_notebook"]

MAX_INLINED_BYTES = 32 * 2**20
"""So many bytes of large outputs are put into a notebook; references stay for the others."""


async def read_blobs(digests: Iterable[str], room_id: str, store: Store) -> dict[str, Blob]:
    """The blobs of a room that have ``digests``, by these; not more than can be put into a notebook."""
    found: dict[str, Blob] = {}
    space = MAX_INLINED_BYTES
    for digest in sorted(digests):
        try:
            blob = await store.get_blob(room_id, digest)
        except BlobNotFound:
            continue
        if len(blob.data) <= space:
            found[digest] = blob
            space -= len(blob.data)
    return found


def write_whole_notebook(document: RoomDocument, blobs: Mapping[str, Blob]) -> str:
    """The content as the text of an ``.ipynb`` file, with ``blobs`` where the outputs refer to them."""
    notebook = document.to_notebook()
    if blobs:
        inliner = _Inliner(blobs)
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                cell["outputs"] = inliner.outputs(cell["outputs"])
    return write_notebook(notebook)


class _Inliner:
    """Puts ``blobs`` into outputs, ``MAX_INLINED_BYTES`` at most: peers may have repeated references at will."""

    def __init__(self, blobs: Mapping[str, Blob]) -> None:
        self._blobs = blobs
        self._space = MAX_INLINED_BYTES

    def outputs(self, outputs: list[Any]) -> list[Any]:
        """A cell's outputs."""
        whole: list[Any] = []
        beginning: str | None = None
        for index, output in enumerate(outputs, 1):
            following = outputs[index] if index < len(outputs) else {}
            if beginning is not None:
                output["text"] = beginning + output["text"]
            beginning = self._beginning(output, following)
            if beginning is None:
                self._inline(output.get("data", {}))
                whole.append(output)
        return whole

    def _beginning(self, output: Mapping[str, Any], following: Mapping[str, Any]) -> str | None:
        """What was printed before what is ``following``, if ``output`` stands for just that."""
        reference = next(references_in(output.get("data", {}).get(BLOB_TYPE)), {})
        if following.get("output_type") != "stream" or reference.get("stream") != following["name"]:
            return None
        blob = self._take(reference)
        if blob is None:
            return None
        gap = f"\n[{output['data']['text/plain']}]\n" if reference.get("lost_bytes") else ""
        return blob.data.decode() + gap

    def _inline(self, data: dict[str, Any]) -> None:
        references = list(references_in(data.get(BLOB_TYPE)))
        blobs = [self._take(reference) for reference in references]
        if not blobs or None in blobs:
            return
        del data[BLOB_TYPE]
        if data.get("text/plain") == words_about(references):
            del data["text/plain"]
        for blob in blobs:
            if blob is not None:
                data[blob.media_type] = value_of(blob)

    def _take(self, reference: Mapping[str, Any]) -> Blob | None:
        blob = self._blobs.get(str(reference.get("digest")))
        if blob is None or len(blob.data) > self._space:
            return None
        self._space -= len(blob.data)
        return blob
