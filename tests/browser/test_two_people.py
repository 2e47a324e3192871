"""The main job: two people in two browsers and a Python program in one room, one of them inside a notebook."""

import threading
from collections.abc import Callable
from string import ascii_lowercase, ascii_uppercase

import pytest

import jupyter_collab
from tests.servers import RunningServer

from .people import Person, until
from .rooms import room_with, write_notebook

pytestmark = pytest.mark.browser

START = "# "
DIGITS = "0123456789"
BY_PROGRAM = DIGITS * 6
BY_ADA = ascii_lowercase * 2
BY_BOB = ascii_uppercase * 2


def test_all_type_at_once_in_one_cell(person: Callable[..., Person], server: RunningServer) -> None:
    room_with(server, "once", START)
    with (
        person("Ada") as ada,
        person("Bob") as bob,
        jupyter_collab.connect("once", url=server.url, token=server.token) as room,
    ):
        at_ada = ada.open_room("once")
        show = "from jupyter_collab import SharedEditor\neditor = SharedEditor('once')\neditor"
        at_bob = bob.run_notebook(write_notebook(server, "bob.ipynb", show, "print(repr(editor.value))"))

        def run_program() -> None:
            for digit in BY_PROGRAM:
                room.cells[0].append(digit)

        program = threading.Thread(target=run_program)
        program.start()
        at_ada.click_end(0)
        at_bob.click_end(0)
        for letter_of_ada, letter_of_bob in zip(BY_ADA, BY_BOB, strict=True):
            ada.page.keyboard.type(letter_of_ada)
            bob.page.keyboard.type(letter_of_bob)
        program.join()

        # Characters of several people may stand between each other's; each one's own are all there, in order, once.
        final = until(lambda: room.cells[0].source, lambda text: len(text) == len(START + BY_PROGRAM + BY_ADA + BY_BOB))
        typed = final.removeprefix(START)
        for alphabet, wanted in ((DIGITS, BY_PROGRAM), (ascii_lowercase, BY_ADA), (ascii_uppercase, BY_BOB)):
            assert "".join(letter for letter in typed if letter in alphabet) == wanted
        until(lambda: (at_ada.source(0), at_bob.source(0)), lambda seen: seen == (final, final))

        until(lambda: at_ada.people, lambda seen: {"Ada", "Bob"} <= seen)
        at_bob.editor(0).click()
        until(lambda: at_ada.carets, lambda seen: "Bob" in seen)
        at_ada.editor(0).click()
        until(lambda: at_bob.carets, lambda seen: "Ada" in seen)
        until(lambda: (at_ada.chip, at_bob.chip), lambda seen: seen == ("synced", "synced"))
        for who in (ada, bob):
            who.take_picture(f"{who.name}-light")
            who.set_theme("JupyterLab Dark")
            who.take_picture(f"{who.name}-dark")

        bob.page.locator(".jp-NotebookPanel .jp-Cell .cm-content").last.click()
        bob.page.keyboard.press("Control+Enter")
        shown = bob.page.locator(".jp-OutputArea-output pre").last
        until(lambda: shown.inner_text(), lambda text: text.strip() == repr(final))
