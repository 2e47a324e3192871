"""The few messages that the load generator sends and understands: y-websocket's, and the acks of ``jupyter-collab.v1``.

Written without the package's own ``protocol`` module: a benchmark must not depend on the code that it measures.
"""

import json
from dataclasses import dataclass
from typing import Any

from pycrdt import Doc

__all__ = [
    "ACK",
    "EMPTY_STATE_VECTOR",
    "EVENT",
    "HELLO",
    "REJECTION",
    "SUBPROTOCOL",
    "SYNC_STEP1",
    "SYNC_STEP2",
    "SYNC_UPDATE",
    "Presence",
    "ack_count",
    "kind",
    "read_hello",
    "read_state_vector",
    "sync",
    "sync_payload",
    "varuint",
]

SUBPROTOCOL = "jupyter-collab.v1"

SYNC_STEP1, SYNC_STEP2, SYNC_UPDATE = (0, 0), (0, 1), (0, 2)
HELLO, ACK, REJECTION, EVENT = (100, None), (101, None), (102, None), (103, None)

EMPTY_STATE_VECTOR = Doc().get_state()


def varuint(value: int) -> bytes:
    """lib0's variable length unsigned integer."""
    out = bytearray()
    while value > 127:
        out.append(0x80 | (value & 0x7F))
        value >>= 7
    out.append(value)
    return bytes(out)


def _read_varuint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def kind(message: bytes) -> tuple[int, int | None]:
    """The type of a message and, for sync messages, which of the three it is."""
    return (0, message[1]) if message[0] == 0 else (message[0], None)


def sync(which: tuple[int, int], payload: bytes) -> bytes:
    """A sync message: a state vector for step 1, an update for the others."""
    return bytes(which) + varuint(len(payload)) + payload


def sync_payload(message: bytes) -> bytes:
    """The state vector or update in a sync message."""
    size, start = _read_varuint(message, 2)
    return message[start : start + size]


def ack_count(message: bytes) -> int:
    """How many of this connection's edits the server says are durable."""
    return _read_varuint(message, 1)[0]


def read_hello(message: bytes) -> dict[str, Any]:
    """The JSON of a hello."""
    size, start = _read_varuint(message, 1)
    hello: dict[str, Any] = json.loads(message[start : start + size])
    return hello


def read_state_vector(data: bytes) -> dict[int, int]:
    """How many insertions of each client a state vector counts."""
    count, at = _read_varuint(data, 0)
    clocks = {}
    for _ in range(count):
        client, at = _read_varuint(data, at)
        clocks[client], at = _read_varuint(data, at)
    return clocks


@dataclass
class Presence:
    """What one person shows of themselves: a name, a colour, and a cursor that moves with every edit."""

    client_id: int
    name: str
    clock: int = 0

    def message(self, mark: str = "") -> bytes:
        """The next awareness message. ``mark`` travels along, so that readers can tell which one arrived."""
        self.clock += 1
        position = {"type": None, "tname": None, "item": {"client": self.client_id, "clock": self.clock}, "assoc": 0}
        state = {
            "user": {"username": self.name, "name": self.name, "display_name": self.name, "initials": self.name[:1],
                     "avatar_url": None, "color": "#0b6e4f"},
            "cursor": {"cell": "shared", "anchor": position, "head": position},
            "cell": "shared",
            "mark": mark,
        }  # fmt: skip
        body = json.dumps(state, separators=(",", ":")).encode()
        update = varuint(1) + varuint(self.client_id) + varuint(self.clock) + varuint(len(body)) + body
        return varuint(1) + varuint(len(update)) + update
