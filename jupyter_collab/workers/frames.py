"""What the server and its worker processes send each other over pipes: pickles, each with the large bytes beside it.

Both ends are this program, started by the server's own user, so pickles are safe here. Large bytes are not copied.
"""

import pickle  # see above
import struct
from collections.abc import Sequence
from typing import Any, BinaryIO

__all__ = ["read_frame", "write_frame"]

COUNT = struct.Struct("<I")
LENGTH = struct.Struct("<Q")
MIN_LARGE_BYTES = 2**16


def write_frame(stream: BinaryIO, values: Sequence[object]) -> None:
    """Send ``values``; bytes come back as bytes, bytearrays too, also those in lists."""
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps([_apart(value) for value in values], protocol=5, buffer_callback=buffers.append)
    parts = [memoryview(head), *(buffer.raw() for buffer in buffers)]
    stream.write(COUNT.pack(len(parts)) + b"".join(LENGTH.pack(part.nbytes) for part in parts))
    for part in parts:
        stream.write(part)
    stream.flush()


def read_frame(stream: BinaryIO) -> list[Any]:
    """What :func:`write_frame` sent; raises ``EOFError`` if the other end has gone."""
    [count] = COUNT.unpack(_exactly(stream, COUNT.size))
    lengths = [LENGTH.unpack(_exactly(stream, LENGTH.size))[0] for _ in range(count)]
    head, *buffers = [_exactly(stream, length) for length in lengths]
    values: list[Any] = pickle.loads(head, buffers=buffers)  # noqa: S301  # from our own program
    return values


def _apart(value: object) -> object:
    if isinstance(value, list):
        return [_apart(part) for part in value]
    is_large = isinstance(value, bytes | bytearray) and len(value) >= MIN_LARGE_BYTES
    return pickle.PickleBuffer(value) if is_large else value  # type: ignore[arg-type]  # it is one of these


def _exactly(stream: BinaryIO, length: int) -> bytes:
    data = stream.read(length)
    if len(data) < length:
        raise EOFError
    return data
