"""What a room shows of outputs: all of it that is seen, however much there is."""

from collections.abc import Callable
from functools import partial

import pytest

from tests.servers import RunningServer

from .people import Person, until
from .rooms import room_with
from .running import button, kernel_status, output, run, sees

pytestmark = pytest.mark.browser

IMAGE_PIXELS = 4_200
IMAGE = f"""import os, struct, zlib
from IPython.display import Image, display

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

side = {IMAGE_PIXELS}
rows = b"".join(b"\\0" + os.urandom(3 * side) for _ in range(side))
header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
png = b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 0)) + chunk(b"IEND", b"")
assert len(png) > 50_000_000
display(Image(png))
print("after the image")"""
"""Shows a large image that nothing can make smaller."""

BAR = """import time
from tqdm import tqdm
for _ in tqdm(range(40)):
    time.sleep(0.05)
print("the end")"""


def test_outputs_that_a_room_keeps_apart_or_puts_into_words(
    person: Callable[..., Person], server: RunningServer
) -> None:
    lines = "for number in range(100_000):\n    print('line', number)\nprint('the end')"
    room_with(server, "large", lines, IMAGE, BAR, "import ipywidgets\nipywidgets.IntSlider(value=7)")
    with person("Ada") as ada, person("Bob") as bob:
        at_ada, at_bob = ada.open_room("large"), bob.open_room("large")
        run(at_ada, 0)
        until(lambda: output(at_ada, 0), lambda text: text.endswith("the end"))
        links = at_ada.root.locator(".jc-Blob a")
        links.wait_for()
        at_ada.type(0, "  # typed after")
        until(lambda: at_ada.source(0), lambda text: text.endswith("# typed after"))
        with ada.context.expect_page() as opened:
            links.click()
        whole = opened.value
        until(lambda: whole.evaluate("document.body.innerText.length"), lambda length: length > 1_000_000)
        assert "line 0\nline 1\n" in whole.evaluate("document.body.innerText.slice(0, 100)")
        whole.close()

        run(at_ada, 1)
        sees(at_bob, 1, "after the image")
        at_bob.type(0, " and seen")
        until(lambda: at_ada.source(0), lambda text: text.endswith("# typed after and seen"))
        until(links.count, lambda count: count == 2)
        with ada.context.expect_page() as opened:
            links.nth(1).click()
        shown = opened.value
        until(lambda: shown.evaluate("document.images[0]?.naturalWidth"), lambda width: width == IMAGE_PIXELS)
        shown.close()
        ada.take_picture("large")

        run(at_ada, 2)
        run(at_ada, 3)
        states = {until(lambda: output(at_bob, 2))}
        until(lambda: states.add(output(at_bob, 2)), lambda _: any(text.endswith("the end") for text in states))
        assert max(text.count("/40") for text in states) == 1, "one bar, not one below the other"
        assert "100%" in output(at_bob, 2)
        until(lambda: output(at_bob, 3), lambda text: "IntSlider(value=7)" in text)
        assert "Interactive widgets do not work in a room" in output(at_bob, 3)
        bob.set_theme("JupyterLab Dark")
        bob.take_picture("bar-and-widget-dark")


def test_an_endless_print_leaves_the_room_usable(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "flood", "while True:\n    print('y' * 80)", "")
    with person("Ada") as ada, person("Bob") as bob:
        at_ada, at_bob = ada.open_room("flood"), bob.open_room("flood")
        run(at_ada, 0)
        sees(at_bob, 0, "y")
        at_bob.type(1, "typed in the flood")
        until(lambda: at_ada.source(1), lambda text: text == "typed in the flood")
        button(at_ada, "interrupt-kernel").click()
        until(lambda: kernel_status(at_bob), lambda status: status == "idle")
        until(lambda: output(at_bob, 0), lambda text: "KeyboardInterrupt" in text)
        assert at_ada.chip == "synced"


def test_help_is_an_output_for_both_and_a_loaded_file_moves_nobodys_caret(
    person: Callable[..., Person], server: RunningServer
) -> None:
    (server.folder / "root" / "loaded.py").write_text("first = 1\nsecond = 2\nthird = 3")
    room_with(server, "payload", "len?", "%load loaded.py", "below = 'stays'")
    with person("Ada") as ada, person("Ben") as ben:
        at_ada, at_ben = ada.open_room("payload"), ben.open_room("payload")
        at_ben.click_end(2)
        run(at_ada, 0)
        for pane in (at_ada, at_ben):
            until(partial(output, pane, 0), lambda text: "Return the number of items" in text)
        run(at_ada, 1)
        for pane in (at_ada, at_ben):
            until(partial(pane.source, 1), lambda text: text.endswith("second = 2\nthird = 3"))
        ben.page.keyboard.type("!")
        for pane in (at_ada, at_ben):
            until(partial(pane.source, 2), lambda text: text == "below = 'stays'!")
        for who in (ada, ben):
            who.take_picture(f"payload-{who.name}-light")
            who.set_theme("JupyterLab Dark")
            who.take_picture(f"payload-{who.name}-dark")
