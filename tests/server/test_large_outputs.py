"""Large outputs of a real kernel: the room shows their end, links lead to the rest, and an export has it all."""

import base64
import json
from typing import Any

import pytest

from jupyter_collab.kernels.blobs import BLOB_TYPE
from jupyter_collab.rooms import RoomManager

from .conftest import Rest
from .test_kernels_real import Demo

LINES = "for number in range(20_000): print('line', number)"
PRINTED = "".join(f"line {number}\n" for number in range(20_000))
IMAGE = b"\x89PNG\r\n\x1a\n" + bytes(2_000_000)
SHOW_IMAGE = f"from IPython.display import Image; Image(data={IMAGE[:8]!r} + bytes(2_000_000), format='png')"
BAR = "import sys\nfor number in range(3_001): print(f'\\r{number}/3000', end='', file=sys.stderr, flush=True)"
SHOWS_AND_FAILS = (
    "from IPython.display import display\nh = display('first', display_id=True)\nh.update('second')\n1 / 0"
)


@pytest.fixture
def demo(rest: Rest, manager: RoomManager) -> Demo:
    return Demo(rest, manager)


def reference_in(output: dict[str, Any]) -> dict[str, Any]:
    reference: dict[str, Any] = output["data"][BLOB_TYPE]
    return reference


async def test_the_room_shows_little_and_keeps_it_all(demo: Demo) -> None:
    await demo.create(LINES, SHOW_IMAGE, BAR, SHOWS_AND_FAILS)
    await demo.run()
    await demo.until_done()
    printed, image, bar, failed = [(await demo.cell(f"c{number}"))["outputs"] for number in range(4)]

    note, tail = printed
    kept = await demo.ask("GET", f"blobs/{reference_in(note)['digest']}")
    assert kept.body.decode() + tail["text"] == PRINTED
    assert len(tail["text"]) < 70_000

    (shown,) = image
    assert (await demo.ask("GET", f"blobs/{reference_in(shown)['digest']}")).body == IMAGE
    assert shown["output_type"] == "execute_result"

    assert bar == [{"output_type": "stream", "name": "stderr", "text": "3000/3000"}]
    assert [output["output_type"] for output in failed] == ["display_data", "error"]
    assert failed[0]["data"]["text/plain"] == "'second'"

    content = (await demo.ask("GET", "content")).body
    exported = {cell["id"]: cell["outputs"] for cell in content["cells"]}
    [stream] = exported["c0"]
    assert "".join(stream["text"]) == PRINTED
    assert base64.b64decode(exported["c1"][0]["data"]["image/png"]) == IMAGE
    assert len(json.dumps((await demo.cell("c0"))["outputs"])) < 100_000
