"""From a kernel's messages to the outputs of a cell: every message's rule."""

from typing import Any

import pytest

from jupyter_collab.kernels.limits import OutputLimits
from jupyter_collab.kernels.reducer import Reducer

from .outputs import Message, clear, display, error, reduced, result, stream, update


def texts(outputs: list[dict[str, Any]]) -> list[str]:
    """What the outputs say, in short."""
    return [output["text"] if "text" in output else output["data"]["text/plain"] for output in outputs]


def test_what_is_printed_joins_as_long_as_nothing_comes_between() -> None:
    outputs = reduced(stream("a\n"), stream("b\n"), stream("!\n", "stderr"), stream("c\n"), display("d"), stream("e\n"))
    assert [output.get("name") for output in outputs] == ["stdout", "stderr", "stdout", None, "stdout"]
    assert texts(outputs) == ["a\nb\n", "!\n", "c\n", "d", "e\n"]


def test_a_progress_bar_is_one_line() -> None:
    bar = [stream(f"\r{percent:3}%", "stderr") for percent in range(101)]
    assert texts(reduced(*bar, stream("\n", "stderr"))) == ["100%\n"]


def test_a_display_and_a_result_keep_what_nbformat_knows() -> None:
    data = {"text/html": "<b>1</b>", "application/json": {"a": [1, None]}, "image/png": "iVBORw0KGgo="}
    message = ("display_data", {"data": data, "metadata": {"isolated": True}, "transient": {"display_id": "x"}})
    assert reduced(message) == [{"output_type": "display_data", "data": data, "metadata": {"isolated": True}}]
    assert reduced(result("2", 5)) == [
        {"output_type": "execute_result", "data": {"text/plain": "2"}, "metadata": {}, "execution_count": 5}
    ]


def test_an_error_keeps_its_traceback() -> None:
    expected = {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": ["line 1", "line 2"]}
    assert reduced(error()) == [expected]


def test_the_execution_count_is_that_of_the_input_and_the_result() -> None:
    reducer = Reducer(OutputLimits())
    counts = [reducer.execution_count]
    for message in (("execute_input", {"code": "1", "execution_count": 4}), result("1", 5)):
        reducer.take(*message)
        counts.append(reducer.execution_count)
    assert counts == [None, 4, 5]


def test_clear_output_clears_at_once() -> None:
    assert reduced(stream("a"), clear()) == []
    assert texts(reduced(stream("a"), clear(), stream("b"))) == ["b"]


def test_clear_output_that_waits_clears_when_something_comes() -> None:
    assert texts(reduced(stream("a"), clear(wait=True))) == ["a"]
    for message in (stream("b"), display("b"), result("b", 1)):
        assert texts(reduced(stream("a"), clear(wait=True), message)) == ["b"]
    assert texts(reduced(stream("a"), clear(wait=True), stream("b"), stream("c"))) == ["bc"]
    assert len(reduced(stream("a"), clear(wait=True), error())) == 1


def test_an_update_changes_all_displays_of_its_id_and_nothing_else() -> None:
    outputs = reduced(display("a", "x"), display("b", "y"), display("c", "x"), stream("s"), update("new", "x"))
    assert texts(outputs) == ["new", "b", "new", "s"]


def test_an_update_keeps_what_kind_of_output_it_changes() -> None:
    message = ("execute_result", {**result("1", 5)[1], "transient": {"display_id": "x"}})
    (output,) = reduced(message, update("2", "x"))
    assert (output["output_type"], output["execution_count"], texts([output])) == ("execute_result", 5, ["2"])


def test_a_display_of_a_known_id_also_updates_those_before() -> None:
    assert texts(reduced(display("a", "x"), display("b", "x"))) == ["b", "b"]


def test_an_update_of_an_unknown_or_cleared_display_changes_nothing() -> None:
    assert texts(reduced(display("a", "x"), update("b", "y"))) == ["a"]
    assert reduced(display("a", "x"), clear(), update("b", "x")) == []
    assert texts(reduced(display("a"), ("update_display_data", {"data": {"text/plain": "b"}}))) == ["a"]


@pytest.mark.parametrize(
    "message",
    [
        ("status", {"execution_state": "busy"}),
        ("comm_open", {"comm_id": "1", "data": {}}),
        ("execute_input", {"execution_count": "many"}),
        ("update_display_data", {}),
    ],
)
def test_other_messages_change_nothing(message: Message) -> None:
    assert texts(reduced(stream("a"), message)) == ["a"]


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (("display_data", {"data": {"text/plain": "a"}, "metadata": None}), {"text/plain": "a"}),
        (("display_data", {"data": {"text/plain": "a"}, "metadata": "no"}), {"text/plain": "a"}),
        (("display_data", {"data": {"text/plain": 7}}), {"text/plain": "7"}),
        (("display_data", {"data": ["no"]}), {"text/plain": "no"}),
        (("execute_result", {"data": {"text/html": {"a": 1}}, "execution_count": "x"}), {"text/html": '{"a": 1}'}),
    ],
)
def test_an_odd_output_is_shown(message: Message, shown: dict[str, str]) -> None:
    (item,) = reduced(message)
    assert item["data"] == shown


def test_what_is_no_output_says_so() -> None:
    (said,) = texts(reduced(("display_data", {"data": {"application/json": {1, 2}}})))
    assert said.startswith("The kernel sent an output that cannot be shown.")


def test_what_does_not_change_stays_the_same_object() -> None:
    reducer = Reducer(OutputLimits())
    for message in (stream("a"), display("b", "x"), stream("c")):
        reducer.take(*message)
    before = reducer.items
    reducer.take(*stream("d"))
    after = reducer.items
    assert [one is other for one, other in zip(before, after, strict=True)] == [True, True, False]


def test_half_characters_become_replacement_characters() -> None:
    assert texts(reduced(stream("a\ud83d"), display("b\ude00"))) == ["a�", "b�"]
