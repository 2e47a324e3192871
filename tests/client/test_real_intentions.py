"""Programs of different people that write into the same cells, on a real server."""

import json
import subprocess
import sys
import textwrap
from collections.abc import Sequence

import pytest

from jupyter_collab import connect
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
    room.wait_for(lambda: len(room.people) == 3, 60)
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


def test_an_import_keeps_what_others_did_since_the_export(server: RunningServer) -> None:
    server.create_room("imported", content=notebook("a = 1", "b = 2", "c = 3"))
    with connect("imported", server.url, server.token) as bot, connect("imported", server.url, server.token) as ada:
        content = json.loads(bot.export())
        ada.cells[1].append("  # Ada's")
        ada.insert_cell(0, "added by Ada")
        ada.delete_cell(3)
        ada.wait_saved(10)
        content["cells"][0]["source"] = "a = 10"
        for _ in range(2):
            bot.import_content(content)
            assert [cell.source for cell in bot.cells] == ["added by Ada", "a = 10", "b = 2  # Ada's"]


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
        assert [cell.source for cell in bot.cells] == ["a = 10", "b = 2  # Ada's"]


def test_an_import_of_what_was_never_read_replaces_the_content(server: RunningServer) -> None:
    server.create_room("replaced", content=notebook("a = 1", "b = 2"))
    with connect("replaced", server.url, server.token) as bot:
        bot.import_content(notebook("new"))
        assert [cell.source for cell in bot.cells] == ["new"]
