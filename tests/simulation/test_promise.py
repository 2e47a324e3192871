"""The simulation sees each kind of loss that it is there to see."""

import zlib
from typing import Any

import pytest

from .copies import SeenCell
from .pieces import make_piece, torn_text
from .promise import Promise, check_cells

ONE, TWO = make_piece("ada", 1), make_piece("ben", 2)


def seen(*texts: str) -> list[SeenCell]:
    return [SeenCell(f"c{number}", "code", text) for number, text in enumerate(texts)]


def bag(*texts: str, **more: Any) -> list[dict[str, Any]]:
    return [{"id": f"c{number}", "source": text, **more} for number, text in enumerate(texts)]


@pytest.fixture
def promise() -> Promise:
    """Ada has typed a piece."""
    made = Promise()
    made.note({"do": "write"}, "<ada.1>", "ada", seen(""), seen(ONE))
    return made


def test_what_is_there_once_is_well(promise: Promise) -> None:
    promise.check(bag(f"{ONE}\n"), ["<ada.1>"])


def test_a_loss_is_seen(promise: Promise) -> None:
    with pytest.raises(AssertionError, match="lost"):
        promise.check(bag(""), ["<ada.1>"])


def test_text_that_is_there_twice_is_seen(promise: Promise) -> None:
    with pytest.raises(AssertionError, match="more often"):
        promise.check(bag(ONE, ONE), ["<ada.1>"])


def test_text_of_an_edit_that_was_not_taken_is_seen(promise: Promise) -> None:
    promise.check(bag(""), [])
    with pytest.raises(AssertionError, match="though the edit is not"):
        promise.check(bag(ONE), [])


def test_a_deletion_by_somebody_who_had_seen_the_text_excuses(promise: Promise) -> None:
    promise.note({"do": "drop_cell", "cell": "c0"}, "<ben.2>", "ben", seen(ONE, ""), seen(""))
    promise.check(bag(""), ["<ada.1>", "<ben.2>"])


def test_a_deletion_by_somebody_who_had_not_seen_the_text_does_not_excuse(promise: Promise) -> None:
    promise.note({"do": "drop_cell", "cell": "c0"}, "<ben.2>", "ben", seen("", ""), seen(""))
    with pytest.raises(AssertionError, match="lost"):
        promise.check(bag(""), ["<ada.1>", "<ben.2>"])


def test_a_deletion_that_never_reached_the_room_does_not_excuse(promise: Promise) -> None:
    promise.note({"do": "drop_cell", "cell": "c0"}, "<ben.2>", "ben", seen(ONE, ""), seen(""))
    with pytest.raises(AssertionError, match="lost"):
        promise.check(bag(""), ["<ada.1>"])


def test_late_text_in_a_deleted_cell_is_kept(promise: Promise) -> None:
    deleted: dict[str, Any] = {"deleted": {"at": 0, "by": "ben"}}
    promise.check(bag(ONE, **deleted, dropped=zlib.crc32(b"")), ["<ada.1>"])
    with pytest.raises(AssertionError, match="lost"):
        promise.check(bag(ONE, **deleted, dropped=zlib.crc32(ONE.encode())), ["<ada.1>"])


def test_a_move_that_loses_text_is_seen_at_once(promise: Promise) -> None:
    with pytest.raises(AssertionError, match="took away"):
        promise.note({"do": "move", "cell": "c0"}, "<ben.2>", "ben", seen(ONE), seen(""))


def test_an_undo_that_takes_away_what_another_typed_is_seen(promise: Promise) -> None:
    with pytest.raises(AssertionError, match="took away"):
        promise.note({"do": "undo"}, "<ben.2>", "ben", seen(ONE), seen(""))


def test_a_redo_that_takes_away_what_another_typed_is_seen(promise: Promise) -> None:
    with pytest.raises(AssertionError, match="took away"):
        promise.note({"do": "redo"}, "<ben.2>", "ben", seen(ONE), seen(""))
    promise.note({"do": "drop_cell", "cell": "c0"}, "<ben.3>", "ben", seen(ONE, ""), seen(""))
    promise.note({"do": "undo"}, "<ben.4>", "ben", seen(""), seen(ONE, ""))
    promise.note({"do": "redo"}, "<ben.5>", "ben", seen(ONE, ""), seen(""))


def test_what_was_deleted_in_a_page_and_comes_back_is_seen(promise: Promise) -> None:
    wipe = {"do": "wipe", "cell": "c0", "start": 0, "stop": len(ONE)}
    promise.note(wipe, "<ben.2>", "ben", seen(ONE), seen(""), in_page=True)
    promise.check(bag(ONE), ["<ada.1>"])
    with pytest.raises(AssertionError, match="there again"):
        promise.check(bag(ONE), ["<ada.1>", "<ben.2>"])
    promise.note({"do": "undo_text", "cell": "c0"}, "<ben.3>", "ben", seen(""), seen(ONE), in_page=True)
    promise.check(bag(ONE), ["<ada.1>", "<ben.2>", "<ben.3>"])


def test_a_cell_that_is_there_twice_is_seen() -> None:
    with pytest.raises(AssertionError, match="one id"):
        check_cells([*bag(ONE), *bag(TWO)])


def test_torn_text_is_seen() -> None:
    assert torn_text(f"{ONE}\n{TWO}") == ""
    assert torn_text(ONE[:3] + TWO + ONE[3:]) == ONE
    with pytest.raises(AssertionError, match="torn"):
        check_cells(bag(ONE[1:]))
