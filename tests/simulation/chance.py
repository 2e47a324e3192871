"""What the code under test leaves to chance comes from the seed as well, so that a plan plays the same way again."""

import itertools
import random
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from pycrdt import Doc

from jupyter_collab.document import room_document
from jupyter_collab.rooms import Peer, replica

__all__ = ["ruled_chance"]

COMPACTED_BYTES = 4_000
"""Small, so that keyframes are made all the time."""


@contextmanager
def ruled_chance(seed: int) -> Iterator[None]:
    """Rule random names, client ids, and the order of peers in sets."""
    rng = random.Random(f"{seed} chance")
    numbers = itertools.count(1_000_000)

    def new_doc(**options: Any) -> "Doc[Any]":
        return Doc(**{"client_id": next(numbers), **options})

    with (
        patch.object(replica, "MIN_COMPACTED_BYTES", COMPACTED_BYTES),
        patch.object(secrets, "token_hex", lambda size: rng.randbytes(size).hex()),
        patch.object(secrets, "randbits", lambda bits: next(numbers)),
        patch.object(room_document, "Doc", new_doc),
        patch.object(Peer, "_numbers", itertools.count(1)),
        patch.object(Peer, "__hash__", lambda peer: int(peer.name.rpartition("#")[2])),
    ):
        yield
