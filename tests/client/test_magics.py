"""``%collab`` and ``%%collab`` in an IPython without a notebook, against a real server."""

from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import ExecutionResult, InteractiveShell
from traitlets.config import Config

from jupyter_collab import SharedEditor, connect, join
from jupyter_collab.dangers import link_danger
from jupyter_collab.errors import CannotRun, CellFailed, InviteExhausted
from tests.peers.cells import sources
from tests.servers import RunningServer

from .doubles import notebook


class Prompt:
    """An IPython with the magics, and what it said to the last cell."""

    def __init__(self, shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
        self.shell = shell
        self.out = ""
        self.err = ""
        self._capsys = capsys

    def run(self, source: str) -> str:
        """Run a cell that should do well; answers what it printed."""
        assert self._run(source).success, self.out + self.err
        return self.out

    def fail(self, source: str) -> str:
        """Run a cell that should fail; answers the message."""
        assert not self._run(source).success, self.out
        return self.out + self.err

    def _run(self, source: str) -> ExecutionResult:
        self._capsys.readouterr()
        result: ExecutionResult = self.shell.run_cell(source, store_history=True)
        self.out, self.err = self._capsys.readouterr()
        return result

    def completions(self, line: str) -> list[str]:
        """What Tab offers at the end of a line."""
        with provisionalcompleter():
            return [completion.text for completion in self.shell.Completer.completions(line, len(line))]

    @property
    def next_input(self) -> str | None:
        """What waits at the next prompt."""
        text: str | None = self.shell.rl_next_input
        return text

    def value(self, name: str) -> Any:
        """A variable."""
        return self.shell.user_ns.get(name)


@pytest.fixture
def prompt(
    server: RunningServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Prompt]:
    for name in ("JPY_PARENT_PID", "JUPYTER_COLLAB_URL", "JUPYTERHUB_SERVICE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", server.environment["JUPYTER_RUNTIME_DIR"])
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
    shell = InteractiveShell.instance(config=Config(HistoryManager={"hist_file": ":memory:"}), colors="nocolor")
    prompt = Prompt(shell, capsys)
    prompt.run("%load_ext jupyter_collab")
    yield prompt
    prompt.run("%unload_ext jupyter_collab")
    shell.history_manager.end_session()  # type: ignore[union-attr]  # it keeps a history
    InteractiveShell.clear_instance()


def stored(server: RunningServer, room_id: str) -> list[str]:
    """The texts of a room's cells."""
    with connect(room_id, server.url, server.token, visible=False) as room:
        return sources(room)


def test_a_cell_is_shared_and_run(prompt: Prompt, server: RunningServer) -> None:
    said = prompt.run("%%collab first\nx = 41\nx + 1")
    assert said.splitlines() == [
        "Room 'first' is new.",
        "Shared as cell 0 of room 'first'.",
        f"Out[{prompt.shell.execution_count - 1}]: 42",
    ]
    assert prompt.value("x") == 41
    assert stored(server, "first") == ["x = 41\nx + 1"]
    assert "is new" not in prompt.run("%%collab first\nx = 41\nx + 1")
    assert stored(server, "first") == ["x = 41\nx + 1"]


def test_a_cell_that_is_shared_replaces_no_other(prompt: Prompt, server: RunningServer) -> None:
    prompt.run("%%collab several\na = 1")
    assert "cell 1" in prompt.run("%%collab several\nb = 2")
    assert "cell 0" in prompt.run("%%collab several/0\na = 3")
    assert stored(server, "several") == ["a = 3", "b = 2"]


def test_a_cell_of_a_notebook_stays_the_same_cell_of_the_room(
    prompt: Prompt, server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for cell_id, source in (("one", "a = 1"), ("two", "b = 1"), ("one", "a = 2"), ("two", "b = 2")):
        parent = {"metadata": {"cellId": cell_id}}
        monkeypatch.setattr(prompt.shell, "get_parent", lambda parent=parent: parent, raising=False)
        prompt.run(f"%%collab own\n{source}")
    assert stored(server, "own") == ["a = 2", "b = 2"]


def test_what_others_wrote_is_not_replaced_unseen(prompt: Prompt, server: RunningServer) -> None:
    prompt.run("%%collab theirs\nx = 1")
    with connect("theirs", server.url, server.token) as room:
        room.cells[0].append("  # mind the units")
        room.wait_saved(10)
    said = prompt.fail("%%collab theirs/0\nx = 2")
    assert "UsageError: Cell 0 of 'theirs' holds text that is not from here." in said
    assert stored(server, "theirs") == ["x = 1  # mind the units"]
    assert prompt.value("x") == 1
    prompt.run("%collab pull theirs/0")
    assert prompt.next_input == "x = 1  # mind the units"
    prompt.run("%%collab theirs/0\nx = 3")
    with connect("theirs", server.url, server.token) as room:
        room.cells[0].append("!")
        room.wait_saved(10)
    prompt.run("%%collab theirs/0 --force\nx = 4")
    assert stored(server, "theirs") == ["x = 4"]


def test_a_cell_that_fails_says_so_once_and_stops_what_follows(prompt: Prompt) -> None:
    said = prompt.fail("%%collab Failing\n1 / 0")
    assert said.count("Traceback (most recent call last)") == 1
    assert said.splitlines()[-1] == "Cell 0 of room 'Failing' failed: ZeroDivisionError: division by zero"
    assert "SyntaxError" in prompt.fail("%%collab Failing/0 --force\n1 +")


def test_cells_are_run_here(prompt: Prompt, server: RunningServer) -> None:
    server.create_room("lesson", content=notebook("n = 20", "n + 1", "m = 1 / 0", "late = True"))
    assert prompt.run("%collab run_here lesson/0") == ""
    assert prompt.run("%collab run_here lesson/c1").endswith(": 21\n")
    assert "Cell 2 of room 'lesson' failed" in prompt.fail("%collab run_here lesson")
    assert prompt.value("late") is None
    assert "has no cell '9'" in prompt.fail("%collab run_here lesson/9")


def test_cells_are_run_in_the_kernel_of_the_room(prompt: Prompt, server: RunningServer) -> None:
    server.create_room("of-all", content=notebook("n = 20\nprint('said')", "n + 1", "m = 1 / 0"))
    try:
        assert prompt.run("%collab run of-all/0") == "said\n"
        assert "21" in prompt.run("%collab run of-all/c1")
        assert prompt.value("n") is None
        said = prompt.fail("%collab run of-all/2")
        assert said.count("ZeroDivisionError") >= 2
        assert "Cell 2 of room 'of-all' failed" in said
        with connect("of-all", server.url, server.token, visible=False) as room:
            assert room.cell(1).outputs
    finally:
        server.request("DELETE", "rooms/of-all/kernel")


def test_a_room_is_named_by_any_address_that_opens_it(prompt: Prompt, server: RunningServer) -> None:
    server.create_room("by-address", content=notebook("n = 1", "n = 2"))
    address = f"{server.url}lab?room=by-address&token={server.token}"
    prompt.run(f"%collab connect {address}")
    assert "by-address: synced" in prompt.run("%collab status")
    prompt.run(f"%collab run_here {address}#1")
    assert prompt.value("n") == 2
    assert prompt.run(f"%collab leave {address}") == "Left 'by-address'.\n"


def test_a_room_of_the_same_id_at_another_server_is_another_room(prompt: Prompt, server: RunningServer) -> None:
    server.create_room("twin", content=notebook("here = 1"))
    prompt.run("%collab connect twin")
    there = "http://127.0.0.1:9/lab?room=twin"
    for line in (f"%collab pull {there}", f"%collab push {there}", f"%collab leave {there}"):
        assert "UsageError" in prompt.fail(line)
    assert "twin: synced" in prompt.run("%collab status")
    prompt.run("%collab leave twin")


def test_a_guest_comes_by_a_link(prompt: Prompt, server: RunningServer) -> None:
    with connect("open-house", server.url, server.token, create=True) as room:
        link = room.invite("writer").link
        said = prompt.run(f"%collab join {link} 'Ada L.'")
        assert said.startswith("You are writer in ")
        room.wait_for(lambda: "Ada L." in {person.name for person in room.people}, 20)
        prompt.run("x = 5\n%collab push open-house")
        room.wait_for(lambda: room.text == "x = 5", 20)
        prompt.run("%collab leave open-house")


def test_what_is_no_python_is_not_run(prompt: Prompt, server: RunningServer) -> None:
    text = {"id": "t", "cell_type": "markdown", "source": "# Title", "metadata": {}}
    whole = notebook("z = 1")
    server.create_room("mixed", content={**whole, "cells": [text, *whole["cells"]]})
    prompt.run("%collab run_here mixed")
    assert prompt.value("z") == 1
    assert "is markdown, not code" in prompt.fail("%collab run_here mixed/0")
    server.create_room("in-r", content={**whole, "metadata": {"language_info": {"name": "R"}}})
    assert "what runs here is Python" in prompt.fail("%collab run_here in-r")


def test_code_is_pulled_into_the_next_cell(prompt: Prompt, server: RunningServer) -> None:
    server.create_room("texts", content=notebook("a = 1", "b = 2"))
    assert prompt.run("%collab pull texts") == "2 cells of 'texts' in your next cell.\n"
    assert prompt.next_input == "a = 1\n\nb = 2"


def test_code_is_pushed(prompt: Prompt, server: RunningServer) -> None:
    server.create_room("pushed")
    prompt.run("first = 1\n%collab push pushed")
    prompt.run("second = 2")
    prompt.run("%collab status")
    prompt.run("%collab push pushed")
    prompt.run("note = 'third'")
    prompt.run("%collab push pushed note")
    number = prompt.shell.execution_count
    prompt.run("fourth = 4")
    prompt.run("fifth = 5")
    prompt.run(f"%collab push pushed/0 {number}")
    assert stored(server, "pushed") == ["fourth = 4", "second = 2", "third"]
    prompt.run("odd = 'a\x0cb\u2028c\x85d'")
    prompt.run("%collab push pushed/1")
    assert stored(server, "pushed")[1] == "odd = 'a\x0cb\u2028c\x85d'"
    assert "UsageError: fifth is no text" in prompt.fail("%collab push pushed fifth")
    assert "UsageError: There is no In[999]" in prompt.fail("%collab push pushed 999")
    assert "UsageError: nothing is no variable" in prompt.fail("%collab push pushed nothing")


def test_rooms_are_entered_and_left(prompt: Prompt, server: RunningServer) -> None:
    server.create_room("met", title="Where we meet", content=notebook("one\nmore", "two"))
    assert prompt.run("%collab connect met").splitlines() == [
        "You are owner in 'Where we meet', room 'met'.",
        "CELL  TYPE  TEXT",
        "0     code  one …",
        "1     code  two",
    ]
    with connect("met", server.url, server.token) as other:
        other.wait_for(lambda: len(other.people) == 2, 10)
        assert prompt.run("%collab who met").count("(you)") == 1
        assert "met: synced, " in prompt.run("%collab status")
        assert "Where we meet" in prompt.run("%collab rooms where")
        assert prompt.run("%collab rooms no-such-room") == "No such rooms.\n"
        assert prompt.run("%collab leave met") == "Left 'met'.\n"
        other.wait_for(lambda: len(other.people) == 1, 10)
    assert "You are in no room" in prompt.run("%collab")


def test_others_are_invited(prompt: Prompt, server: RunningServer) -> None:
    server.create_room("open-day")
    told = prompt.run("%collab invite open-day writer for 2h uses 1").splitlines()
    assert told[0].startswith("Anyone who has this link or code is writer in 'open-day', until ")
    assert told[3] == link_danger("writer")
    assert "this machine only" in told[4]
    assert "CollabExtension.public_url" in told[4]
    assert "clear it" in told[5]
    link, code = told[1].removeprefix("Link: "), told[2].removeprefix("Code: ")
    assert link.startswith(f"{server.url}collab/join#")
    assert len(code) == 9
    with join(link, "Gil") as guest:
        assert guest.role == "writer"
    with pytest.raises(InviteExhausted):
        join(link, "Late")
    only_looks = prompt.run("%collab invite open-day for ever")
    assert "is viewer in 'open-day', for ever" in only_looks
    assert "files" not in only_looks
    assert link_danger("editor") in prompt.run("%collab invite open-day editor")
    roles = [one["role"] for one in server.request("GET", "rooms/open-day/invitations").json()["invitations"]]
    assert roles == ["editor", "viewer", "writer"]
    for words, message in {
        "open-day for": "What is for?",
        "open-day uses many": "What is uses many?",
        "open-day for soon": "no span of time",
        "open-day owner": "role must be one of viewer, runner, writer, editor",
        "nobody-made-this": "no room 'nobody-made-this'",
    }.items():
        assert message in prompt.fail(f"%collab invite {words}")


def test_mistakes_are_said_in_a_line(prompt: Prompt) -> None:
    for line, message in {
        "%collab dance": "has no command 'dance'",
        "%collab connect": "missing a required argument: 'room'",
        "%collab connect a b": "too many positional arguments",
        "%collab join somewhere Ada": "no link of an invitation",
        "%collab connect http://host/lab": "leads to no room",
        "%collab connect http://host/collab/join#x": "join(link, name)",
        "%collab pull nobody-made-this": "no room 'nobody-made-this'",
        "%collab connect 'half": "No closing quotation",
        "%collab leave elsewhere": "You are not in room 'elsewhere'",
        "%collab who": "You are in no room",
        "%collab run a?b": "a?b",
        "%collab pull x --force": "unexpected keyword argument 'force'",
        "%%collab\nx = 1": "missing a required argument: 'target'",
    }.items():
        said = prompt.fail(line)
        assert said.startswith("UsageError: ")
        assert message in said
        assert "Traceback" not in said
    assert "%collab pull" in prompt.run("%collab help")


def test_a_server_that_is_not_there_is_said_too(
    prompt: Prompt, server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.create_room("out-of-reach")
    monkeypatch.setenv("JUPYTER_COLLAB_URL", "http://127.0.0.1:9/")
    assert "does not respond" in prompt.fail("%collab rooms")
    assert "out-of-reach" not in prompt.completions("%collab connect out")


def test_tab_completes_commands_and_rooms(prompt: Prompt, server: RunningServer) -> None:
    server.create_room("tab-one")
    server.create_room("tab-two")
    assert prompt.completions("%collab pu") == ["pull", "push"]
    assert set(prompt.completions("%collab run_here tab-")) == {"tab-one", "tab-two"}
    assert prompt.completions("x = 1\n%collab connect tab-t") == ["tab-two"]
    assert prompt.completions("%%collab tab-t") == ["tab-two"]


def test_loading_again_leaves_the_rooms_that_one_is_in(prompt: Prompt, server: RunningServer) -> None:
    server.create_room("again")
    prompt.run("%collab connect again")
    prompt.run("%reload_ext jupyter_collab")
    assert "You are in no room" in prompt.run("%collab")


def test_the_editor_runs_what_it_shows(prompt: Prompt, server: RunningServer) -> None:
    server.create_room("shown", content=notebook("a = 1", "b = a + 1", "c = 1 / 0"))
    one, whole = (SharedEditor("shown", cell, url=server.url, token=server.token) for cell in (0, None))
    try:
        prompt.shell.user_ns.update(one=one, whole=whole)
        prompt.run("one.run_here()")
        assert (prompt.value("a"), prompt.value("b")) == (1, None)
        prompt.run("whole.run_here(1)")
        assert prompt.value("b") == 2
        one.value = "a = 5"
        assert "Cell 2 of room 'shown' failed: ZeroDivisionError" in prompt.fail("whole.run_here()")
        assert (prompt.value("a"), prompt.value("b")) == (5, 6)
        with pytest.raises(CellFailed) as caught:
            whole.run_here("c2")
        assert isinstance(caught.value.__cause__, ZeroDivisionError)
    finally:
        one.close()
        whole.close()


def test_what_is_run_here_is_what_was_there_when_it_was_asked_for(prompt: Prompt, server: RunningServer) -> None:
    server.create_room("honest", content=notebook("editor.room.cell(1).source = 'ran = 2'", "ran = 1"))
    editor = SharedEditor("honest", url=server.url, token=server.token)
    try:
        prompt.shell.user_ns["editor"] = editor
        prompt.run("editor.run_here()")
        assert prompt.shell.user_ns["ran"] == 1
    finally:
        editor.close()


def test_a_cell_that_is_deleted_before_its_turn(prompt: Prompt, server: RunningServer) -> None:
    server.create_room("shrinks", content=notebook("editor.room.delete_cell(1)", "late = 1"))
    editor = SharedEditor("shrinks", url=server.url, token=server.token)
    try:
        prompt.shell.user_ns["editor"] = editor
        assert "deleted before it could run" in prompt.fail("editor.run_here()")
        assert prompt.value("late") is None
    finally:
        editor.close()


def test_without_ipython_nothing_can_be_run(server: RunningServer) -> None:
    server.create_room("bare", content=notebook("x = 1"))
    editor = SharedEditor("bare", url=server.url, token=server.token)
    try:
        with pytest.raises(CannotRun, match="no IPython"):
            editor.run_here()
    finally:
        editor.close()
