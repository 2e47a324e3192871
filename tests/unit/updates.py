"""Yjs updates made for tests, good and bad."""

from typing import Any

from pycrdt import Doc, Map, Text, TransactionEvent

from jupyter_collab.gate import Author
from jupyter_collab.protocol import write_varuint

__all__ = ["DELETES_UNKNOWN", "HUGE_CLAIM", "author", "client_document", "recorded_updates", "text_update"]

HUGE_CLAIM = write_varuint(10**8) + b"\x00\x00\x00"
"""Seven bytes that claim to hold edits of 10**8 clients; yrs would reserve 128 MB for them."""

DELETES_UNKNOWN = b"\x00" + b"\x01" + write_varuint(77) + b"\x01" + b"\x00" + b"\x05"
"""Deletes what client 77, of whom nobody has heard, wrote at its clocks 0 to 4."""


def author(name: str = "ada") -> Author:
    """Somebody who is present under no client id."""
    return Author(name, lambda client_id: None)


def client_document(client_id: int) -> "Doc[Any]":
    """An empty document of that client."""
    return Doc(client_id=client_id)


def recorded_updates(doc: "Doc[Any]") -> list[bytes]:
    """The updates that ``doc`` makes from now on, one for each transaction."""
    updates: list[bytes] = []

    def record(event: TransactionEvent) -> None:
        updates.append(event.update)

    doc.observe(record)
    return updates


def text_update(client_id: int, text: str, root: str = "text") -> bytes:
    """The insertion of ``text`` into an empty root text."""
    doc = client_document(client_id)
    doc.get(root, type=Text).insert(0, text)
    return doc.get_update()


def map_update(client_id: int, key: str, value: object) -> bytes:
    """The setting of a key of the root map ``map``."""
    doc = client_document(client_id)
    doc.get("map", type=Map)[key] = value
    return doc.get_update()
