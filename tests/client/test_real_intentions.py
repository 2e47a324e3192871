"""Programs of different people that write into the same cells, on a real server."""

import subprocess
import sys
import textwrap
from collections.abc import Sequence

import pytest

from jupyter_collab import connect
from jupyter_collab.client.http.rest_client import ContentFormat
from tests.peers.cells import sources
from tests.servers import REPOSITORY, RunningServer

from .doubles import notebook

PROGRAM_SECONDS = 120
WRITERS = ("A", "B", "C")


def run_programs(server: RunningServer, sources: Sequence[str]) -> None:
    """Run programs at once, each in a process of its own, to their end."""
    command = (sys.executable, "-c")
    programs = [
        subprocess.Popen([*command, textwrap.dedent(source), server.url, server.token], cwd=REPOSITORY)
        for source in sources
    ]
    try:
        assert [program.wait(PROGRAM_SECONDS) for program in programs] == [0] * len(programs)
    finally:
        for program in programs:
            program.kill()


PROGRAM = """
import sys
import jupyter_collab

with jupyter_collab.connect({room!r}, *sys.argv[1:]) as room:
    room.wait_for(lambda: len(room.people) == 3 or room.text, 60)  # who is quick may have left by now
    for number in range(150):
        {edit}
"""


@pytest.mark.parametrize(
    ("room_id", "edit"),
    [
        ("own-lines", 'room.cells[0].source += f"{name}{number}\\n"'),
        ("kept-cell", 'cell = room.cells[0]; text = cell.source; cell.source = text + f"{name}{number}\\n"'),
        ("appended", 'room.cells[0].append(f"{name}{number}\\n")'),
    ],
)
def test_three_programs_that_add_lines_keep_all_450_once(server: RunningServer, room_id: str, edit: str) -> None:
    server.create_room(room_id, content=notebook(""))
    run_programs(server, [PROGRAM.format(room=room_id, edit=edit.replace("{name}", name)) for name in WRITERS])
    with connect(room_id, server.url, server.token) as room:
        lines = room.cells[0].source.splitlines()
        assert sorted(lines) == sorted(f"{name}{number}" for name in WRITERS for number in range(150))
        for name in WRITERS:
            assert [line for line in lines if line[0] == name] == [f"{name}{number}" for number in range(150)]


def test_three_programs_that_add_the_same_line_keep_all_450(server: RunningServer) -> None:
    server.create_room("same-lines", content=notebook(""))
    program = PROGRAM.format(room="same-lines", edit='room.cells[0].source += "line\\n"')
    run_programs(server, [program] * 3)
    with connect("same-lines", server.url, server.token) as room:
        assert room.cells[0].source == "line\n" * 450


def test_a_formatter_keeps_what_a_person_types_meanwhile(server: RunningServer) -> None:
    server.create_room("formatted", content=notebook("x=1\ny=2\n"))
    with connect("formatted", server.url, server.token) as bot, connect("formatted", server.url, server.token) as ada:
        text = bot.cells[0].source
        ada.cells[0].append("human_line = 42\n")
        ada.wait_saved(10)
        bot.wait_for(lambda: "human_line" in bot.text, 10)
        bot.cells[0].source = text.replace("=", " = ")
        bot.wait_saved(10)
        ada.wait_for(lambda: "x = 1" in ada.text, 10)
        assert ada.text == bot.text == "x = 1\ny = 2\nhuman_line = 42\n"


@pytest.mark.parametrize("content_format", ["ipynb", "md", "py"])
def test_an_import_keeps_what_others_did_since_the_export(server: RunningServer, content_format: ContentFormat) -> None:
    room_id = f"imported-{content_format}"
    server.create_room(room_id, content=notebook("a = 1", "b = 2", "c = 3", "d = 4"))
    with connect(room_id, server.url, server.token) as bot, connect(room_id, server.url, server.token) as ada:
        content = bot.export(content_format)
        ada.cells[1].append("  # Ada's")
        ada.insert_cell(0, "added by Ada")
        ada.delete_cell(3)
        ada.wait_saved(10)
        content = content.replace("a = 1", "a = 10").replace("b = 2", "b = 20")
        for _ in range(2):
            assert bot.import_content(content, content_format) == []
            # Whoever reads the notebook imports what they do to that; so it is read cell by cell, as nobody edits it.
            assert [cell.source for cell in bot.cells] == ["added by Ada", "a = 10", "b = 20  # Ada's", "d = 4"]


def test_an_import_keeps_the_order_that_others_made_since_the_export(server: RunningServer) -> None:
    server.create_room("moved", content=notebook("a = 1", "b = 2", "c = 3"))
    with connect("moved", server.url, server.token) as bot, connect("moved", server.url, server.token) as ada:
        content = bot.export()
        ada.move_cell(2, 0)
        ada.cells[2].append("  # Ada's")
        ada.wait_saved(10)
        bot.import_content(content.replace("b = 2", "b = 20"))
        assert sources(bot) == ["c = 3", "a = 1", "b = 20  # Ada's"]


def test_an_import_of_text_keeps_both_versions_of_a_cell_beside_which_others_moved_one(server: RunningServer) -> None:
    server.create_room("moved-text", content=notebook("a = 1", "b = 2", "c = 3"))
    with connect("moved-text", server.url, server.token) as bot, connect("moved-text", server.url, server.token) as ada:
        content = bot.export("py")
        ada.move_cell(2, 0)
        ada.cells[2].append("  # Ada's")
        ada.wait_saved(10)
        for _ in range(2):
            bot.import_content(content.replace("b = 2", "b = 20"), "py")
            assert sources(bot) == ["c = 3", "a = 1", "b = 2  # Ada's", "b = 20"]


def test_an_import_in_another_format_than_was_read_replaces_the_content(server: RunningServer) -> None:
    server.create_room("other-format", content=notebook("a = 1"))
    with (
        connect("other-format", server.url, server.token) as bot,
        connect("other-format", server.url, server.token) as ada,
    ):
        bot.export("py")
        ada.append_cell("added by Ada")
        ada.wait_saved(10)
        bot.import_content("```python\nb = 2\n```\n", "md")
        assert bot.text == "b = 2"


def test_an_import_returns_what_was_not_valid_and_what_became_of_it(server: RunningServer) -> None:
    server.create_room("mended")
    odd = notebook("1 + 1")
    odd["cells"][0]["outputs"] = [{"output_type": "display_data", "data": {"text/plain": "2"}, "metadata": None}]
    with connect("mended", server.url, server.token) as bot:
        assert bot.import_content(odd) == ["Cell 1, output 1: its metadata were null, and are empty now."]
        assert bot.cells[0].outputs[0]["metadata"] == {}


def test_an_import_after_notebook_keeps_what_others_did_since(server: RunningServer) -> None:
    server.create_room("from-notebook", content=notebook("a = 1", "b = 2"))
    with (
        connect("from-notebook", server.url, server.token) as bot,
        connect("from-notebook", server.url, server.token) as ada,
    ):
        content = bot.notebook()
        ada.cells[1].append("  # Ada's")
        ada.wait_saved(10)
        content.cells[0].source = "a = 10"
        bot.import_content(content)
        assert sources(bot) == ["a = 10", "b = 2  # Ada's"]


def test_an_import_of_what_was_never_read_replaces_the_content(server: RunningServer) -> None:
    server.create_room("replaced", content=notebook("a = 1", "b = 2"))
    with connect("replaced", server.url, server.token) as bot:
        bot.import_content(notebook("new"))
        assert sources(bot) == ["new"]
