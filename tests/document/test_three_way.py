"""What a program did to the text that it read is done to the text as it is by now, and nobody's words are lost."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_collab.document.differences import Replacement, apply_edits, differences
from jupyter_collab.document.three_way import merge_edits, merge_texts

from .strategies import TEXTS

PIECES = st.sampled_from(["a", "b", "cc ", "\n", "\n\n", "x = 1\n", "def f():\n", "    return x\n", "😀", "漢字\n"])
CODE = ("import os\n", "def read(path):\n", "    return open(path)\n", "print('x')\n", "total = 0\n", "# end\n")
BASES = st.lists(PIECES, max_size=14).map("".join)


@st.composite
def changed(draw: st.DrawFn, base: str, mark: str) -> str:
    """``base`` after some deletions, with tokens such as ``⟨m0⟩`` inserted."""
    text, number = base, 0
    for _ in range(draw(st.integers(0, 5))):
        start = draw(st.integers(0, len(text)))
        if draw(st.booleans()):
            stop = draw(st.integers(start, min(len(text), start + 12)))
            text = text[:start] + text[stop:] if mark not in text[start:stop] else text
        else:
            ends = draw(st.tuples(st.sampled_from(["", "\n", " "]), st.sampled_from(["", "\n", " "])))
            if text[start : start + 1] not in (mark, "0", "1", "2", "3", "4"):
                text = text[:start] + ends[0] + mark + str(number) + ends[1] + text[start:]
                number += 1
    return text


@given(st.data())
def test_no_token_that_either_side_inserted_is_lost_or_doubled(data: st.DataObject) -> None:
    base = data.draw(BASES)
    mine, theirs = data.draw(changed(base, "µ")), data.draw(changed(base, "Θ"))
    merged = merge_texts(base, mine, theirs)
    for mark, side in (("µ", mine), ("Θ", theirs)):
        tokens = re.findall(rf"{mark}\d", side)
        assert sorted(re.findall(rf"{mark}\d", merged)) == sorted(tokens), merged


@given(st.data())
def test_what_both_sides_left_alone_is_there_once(data: st.DataObject) -> None:
    lines = [f"line{number} of the base\n" for number in range(data.draw(st.integers(1, 8)))]
    sides = [
        "".join(data.draw(st.sampled_from([line, line, "", mark, mark + line])) for line in lines)
        for mark in ("mine\n", "theirs\n")
    ]
    merged = merge_texts("".join(lines), *sides)
    for line in lines:
        assert merged.count(line) <= 1
        if all(line in side for side in sides):
            assert line in merged


@given(TEXTS, TEXTS)
def test_where_only_one_side_changed_something_that_is_the_result(base: str, changed: str) -> None:
    assert merge_texts(base, changed, base) == changed
    assert merge_texts(base, base, changed) == changed
    assert merge_texts(base, changed, changed, same_once=True) == changed


@given(TEXTS, TEXTS, TEXTS)
def test_edits_of_the_present_text_are_in_order_and_within_it(base: str, mine: str, present: str) -> None:
    edits = merge_edits(base, differences(base, mine), present)
    position = 0
    for start, stop, _ in edits:
        assert position <= start <= stop <= len(present)
        position = stop


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "merged"),
    [
        ("", "mine", "theirs", "theirs\nmine"),
        ("", "mine\n", "theirs\n", "theirs\nmine\n"),
        ("a\n", "a\nmine\n", "a\nhalf a li", "a\nmine\nhalf a li"),
        ("a", "a\nmine", "a\ntheirs", "a\ntheirs\nmine"),
        ("a", "a mine", "a theirs", "a theirs mine"),
        ("x=1\n", "x = 1\n", "x=1\nhuman_line = 42\n", "x = 1\nhuman_line = 42\n"),
        ("f(a,b,c)", "f(a, b, c)", "f(a,bb,c)", "f(a, bb, c)"),
        ("x = 1", "x = 1  # one", "x = 2", "x = 2  # one"),
        ("x = 1", "y = 22", "z = 333", "z = 333\ny = 22"),
        ("same", "other", "other", "other"),
        ("a\n", "a\nlog\n", "a\nlog\n", "a\nlog\nlog\n"),
        ("a", "a mine", "a\ntheirs", "a mine\ntheirs"),
        ("a", "a\nmine", "a theirs", "a theirs\nmine"),
        ("a\nb", "a mine\nb", "a\ntheirs\nb", "a mine\ntheirs\nb"),
    ],
)
def test_both_changes_are_there(base: str, mine: str, theirs: str, merged: str) -> None:
    assert merge_texts(base, mine, theirs) == merged


@pytest.mark.parametrize(
    ("base", "deleted", "changed", "merged"),
    [
        ("a\nb\nc\n", "a\nc\n", "a\nb, typed\nc\n", "a\nb, typed\nc\n"),
        ("a\nb\nc\n", "", "a\nb, typed\nc\n", "b, typed\n"),
        ("a\nb\nc", "a", "a\nb\nc, typed", "a\nc, typed"),
        ("a\n\nb", "a\nb", "a\ntyped\nb", "a\ntyped\nb"),
        ("a\nb\n", "c\n", "a\nb, typed\n", "c\nb, typed\n"),
    ],
)
def test_a_line_that_one_deleted_and_the_other_wrote_in_stays(
    base: str, deleted: str, changed: str, merged: str
) -> None:
    assert merge_texts(base, deleted, changed) == merged
    assert merge_texts(base, changed, deleted) == merged


def test_lines_that_a_file_brings_a_second_time_are_there_once() -> None:
    base, mine = "a\n", "a\nfirst\nsecond\n"
    present = merge_texts(base, mine, base) + "theirs\n"
    assert merge_texts(base, mine, present, same_once=True) == present
    assert merge_texts(base, mine + "third\n", present, same_once=True) == present + "third\n"


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "merged"),
    [
        ("b = 2", "b = 20", "b = 2  # theirs", "b = 20  # theirs"),
        ("b = 2", "b = 20", "b = 2\ntheirs", "b = 20\ntheirs"),
        ("b = 2", "b = 2\nmine", "b = 20", "b = 20\nmine"),
        ("b = 2", "b = 2\nmine", "b = 20\ntheirs", "b = 20\ntheirs\nmine"),
        ("b = 2", "b = 20\nmine", "b = 2\ntheirs", "b = 20\nmine\ntheirs"),
        ("b = 2\nc", "b = 20\nc", "b = 2  # theirs\nc", "b = 20  # theirs\nc"),
        ("", "mine", "theirs", "theirs\nmine"),
    ],
)
def test_a_file_that_is_merged_twice_changes_each_line_once(base: str, mine: str, theirs: str, merged: str) -> None:
    assert merge_texts(base, mine, theirs, same_once=True) == merged
    assert merge_texts(base, mine, merged, same_once=True) == merged


@given(st.data())
def test_a_file_that_is_merged_twice_is_there_once(data: st.DataObject) -> None:
    lines = data.draw(st.lists(st.sampled_from(CODE), max_size=6, unique=True))

    def side(mark: str) -> str:
        changed = [(line, f"{mark}{number}") for number, line in enumerate(lines)]
        return "".join(
            data.draw(st.sampled_from([line, line, f"{line[:-1]} {new}\n", f"{new} {line}", f"{line}{new}\n"]))
            for line, new in changed
        )

    mine, theirs = side("µ"), side("Θ")
    merged = merge_texts("".join(lines), mine, theirs, same_once=True)
    again = merge_texts("".join(lines), mine, merged, same_once=True)
    for mark, text in (("µ", mine), ("Θ", theirs)):
        tokens = sorted(re.findall(rf"{mark}\d", text))
        assert sorted(re.findall(rf"{mark}\d", merged)) == tokens, merged
        assert sorted(re.findall(rf"{mark}\d", again)) == tokens, (merged, again)


def test_small_changes_are_small_edits() -> None:
    assert differences("def f(a,b,c):\n    pass\n", "def f(a, b, c):\n    pass\n") == [
        Replacement(8, 8, " "),
        Replacement(10, 10, " "),
    ]
    base = "".join(f"line {number}\n" for number in range(1000))
    mine = base.replace("line 500\n", "line five hundred\n")
    present = "first\n" + base
    [edit] = merge_edits(base, differences(base, mine), present)
    assert (edit.stop - edit.start, edit.text) == (3, "five hundred")


@given(TEXTS, TEXTS)
def test_differences_make_the_one_text_of_the_other(old: str, new: str) -> None:
    assert apply_edits(old, differences(old, new)) == new
