"""The quick look at edits of texts says what the thorough one says, or leaves the edit to that one."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pycrdt import Doc, Text

from jupyter_collab.errors import InvalidUpdate
from jupyter_collab.gate.text_edits import Erasing, Typing, read_text_edit
from jupyter_collab.protocol import write_varuint
from jupyter_collab.yjs import STRING, UpdateReader

TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=300)
NUMBERS = st.one_of(st.integers(0, 200), st.integers(0, 2**32 - 1), st.integers(0, 2**53 - 1))
ENCODED = st.one_of(NUMBERS.map(write_varuint), st.binary(min_size=1, max_size=9))


def thoroughly(update: bytes) -> Typing | Erasing | None:
    """What ``update`` is, as who reads updates in full finds it; ``None`` if neither, or none that may be sent."""
    reader = UpdateReader(update)
    try:
        items, deletions = list(reader.items()), list(reader.deletions())
    except InvalidUpdate:
        return None
    if not items and len(deletions) == 1:
        client, clock, length = deletions[0]
        return Erasing(client, clock, clock + length)
    if len(items) == 1 and not deletions and items[0].kind == STRING and (items[0].left or items[0].right):
        item = items[0]
        return Typing(item.client, item.clock, item.clock + item.length, item.left, item.right)
    return None


@given(TEXTS, TEXTS, st.data())
def test_honest_typing_and_erasing_are_read_quickly(first: str, second: str, data: st.DataObject) -> None:
    doc: Doc[Any] = Doc(client_id=data.draw(st.integers(1, 2**53 - 1)))
    told: list[bytes] = []
    text = doc.get("text", type=Text)
    text += first
    subscription = doc.observe(lambda event: told.append(event.update))
    text.insert(data.draw(st.integers(0, len(first))), second)
    del text[0 : data.draw(st.integers(1, len(first)))]
    doc.unobserve(subscription)
    typed, erased = told
    has_pairs = any(character > "\uffff" for character in second)
    assert read_text_edit(typed) == (None if has_pairs else thoroughly(typed))
    if len(list(_deletions(erased))) == 1:
        assert isinstance(read_text_edit(erased), Erasing)
        assert read_text_edit(erased) == thoroughly(erased)


def _deletions(update: bytes) -> list[object]:
    reader = UpdateReader(update)
    assert not list(reader.items())
    return list(reader.deletions())


@given(
    st.sampled_from([b"\x01", b"\x00", b"\x02"]),
    st.sampled_from([b"\x01", b"\x00", b"\x02"]),
    st.lists(ENCODED, min_size=2, max_size=2),
    st.sampled_from([b"\x84", b"\x44", b"\xc4", b"\x04", b"\xa4", b"\x88", b"\x86"]),
    st.lists(ENCODED, min_size=2, max_size=4),
    st.one_of(TEXTS.map(str.encode), st.binary(max_size=8)),
    st.integers(-1, 1),
    st.sampled_from([b"\x00", b"", b"\x00\x00", b"\x01\x05\x01\x00\x01"]),
)
def test_what_is_nearly_such_an_edit_is_never_read_otherwise(
    clients: bytes,
    structs: bytes,
    own: list[bytes],
    info: bytes,
    beside: list[bytes],
    text: bytes,
    off: int,
    deletions: bytes,
) -> None:
    size = write_varuint(max(0, len(text) + off))
    typing = b"".join([clients, structs, *own, info, *beside, size, text, deletions])
    erasing = b"".join([clients, structs, own[0], info if off else b"\x01", *beside])
    for update in (typing, erasing):
        quickly = read_text_edit(update)
        assert quickly is None or quickly == thoroughly(update)
