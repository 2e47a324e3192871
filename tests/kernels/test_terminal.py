"""Text as a terminal shows it, with the rules of JupyterLab's output area."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jupyter_collab.kernels.terminal import TerminalText

CHARACTERS = st.text(st.sampled_from("ab😀é\n\r\b"))


def shown(*parts: str, max_bytes: int = 2**16) -> tuple[str, str]:
    """What stays in sight of ``parts``, and what is spilled."""
    spilled: list[bytes] = []
    terminal = TerminalText(max_bytes, spilled.append)
    for part in parts:
        terminal.add(part)
    return terminal.text, b"".join(spilled).decode()


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("one ", "line\n", "and more"), "one line\nand more"),
        ((" 10%|#  |", "\r 50%|## |", "\r100%|###|\n", "done\n"), "100%|###|\ndone\n"),
        (("long line", "\rshort"), "shortline"),
        (("kept\nlost\rwins",), "kept\nwins"),
        (("line\r\nnext\r\n",), "line\nnext\n"),
        (("half\r", "ha", "\nnext"), "half\nnext"),
        (("abc\b\bX",), "aX"),
        (("abcd\rX\bY",), "Yd"),
        (("\n\b\bX",), "\nX"),
        (("größer 😀\rkl",), "klößer 😀"),
        (("a\r", "", "b"), "b"),
    ],
)
def test_control_characters_act_as_in_jupyterlab(parts: tuple[str, ...], expected: str) -> None:
    assert shown(*parts) == (expected, "")


def process_text(parts: list[str]) -> str:
    """What JupyterLab's ``OutputAreaModel`` says, one character after another."""
    text, index = "", 0
    for character in "".join(parts):
        if character == "\n":
            text += "\n"
            index = len(text)
        elif character == "\r":
            index = text.rfind("\n", 0, index) + 1
        elif character == "\b":
            if index > 0 and text[index - 1] != "\n":
                text = text[: index - 1] + text[index + 1 :]
                index -= 1
        else:
            text = text[:index] + character + text[index + 1 :]
            index += 1
    return text


@given(st.lists(CHARACTERS))
@example(["ab\r", "\b", "\n"])
def test_any_text_in_any_parts_is_shown_as_by_jupyterlab(parts: list[str]) -> None:
    assert shown(*parts) == (process_text(parts), "")


@given(st.lists(st.text(st.sampled_from("ab😀é\n"), max_size=300)), st.integers(64, 200))
def test_nothing_is_lost_and_the_end_stays_in_sight(parts: list[str], max_bytes: int) -> None:
    seen, spilled = shown(*parts, max_bytes=max_bytes)
    whole = "".join(parts)
    assert spilled + seen == whole
    assert len(seen.encode()) <= max_bytes
    if spilled:
        assert len(seen.encode()) >= max_bytes // 8


def test_what_stays_in_sight_begins_with_a_line() -> None:
    lines = [f"line {number}\n" for number in range(10_000)]
    seen, spilled = shown(*lines, max_bytes=1_000)
    assert seen.startswith("line ")
    assert spilled.endswith("\n")
    assert 300 < len(seen) <= 1_000


def test_a_line_without_an_end_stays_bounded() -> None:
    seen, spilled = shown(*["." * 700 for _ in range(100)], max_bytes=1_000)
    assert spilled + seen == "." * 70_000
    assert len(seen) <= 1_000


def test_a_flood_of_carriage_returns_spills_nothing() -> None:
    bar = "".join(f"\r{percent:3}%" for percent in range(101))
    assert shown(*[bar for _ in range(1_000)], max_bytes=64) == ("100%", "")
