"""The wire: the table of vectors, malformed bytes, and what bounded parsing means."""

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_collab.errors import CloseCode, MessageTooLarge, ProtocolError, UnsupportedMessage
from jupyter_collab.protocol import (
    MAX_VARUINT,
    Ack,
    AwarenessEntry,
    AwarenessMessage,
    Check,
    Event,
    Hello,
    Lease,
    Message,
    Pieces,
    QueryAwareness,
    Reader,
    Rejection,
    SyncStep1,
    SyncStep2,
    Update,
    build,
    build_awareness,
    parse,
    parse_awareness,
    parse_json,
    write_varuint,
)

VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "wire.json").read_text(encoding="utf-8"))


def message_of(vector: dict[str, Any]) -> Message:
    """The value that a vector of the table describes."""
    match vector:
        case {"type": "sync_step1", "state_vector": str(data)}:
            return SyncStep1(bytes.fromhex(data))
        case {"type": "sync_step2" | "update" as kind, "update": str(data)}:
            return SyncStep2(bytes.fromhex(data)) if kind == "sync_step2" else Update(bytes.fromhex(data))
        case {"type": "awareness", "entries": list(entries)}:
            return AwarenessMessage(build_awareness(AwarenessEntry(**entry) for entry in entries))
        case {"type": "query_awareness"}:
            return QueryAwareness()
        case {"type": "hello" | "event" as kind, "info": info}:
            return Hello(info) if kind == "hello" else Event(info)
        case _:
            return our_message_of(vector)


def our_message_of(vector: dict[str, Any]) -> Message:
    """The same for the messages that are ours and have no ``info``."""
    match vector:
        case {"type": "ack", "count": int(count), "seq": int(seq)}:
            return Ack(count, seq)
        case {"type": "rejection", "count": int(count), "reason": str(reason), "message": str(text)}:
            return Rejection(count, reason, text)
        case {"type": "lease", "key": str(key), "wanted": bool(wanted)}:
            return Lease(key, wanted)
        case {"type": "check", "digest": str(digest), "differs": bool(differs)}:
            return Check(digest, differs)
        case {"type": "pieces", "count": int(count), "bytes": int(size_bytes)}:
            return Pieces(count, size_bytes)
        case _:
            raise AssertionError(f"the table has a vector of an unknown type: {vector}")


@pytest.mark.parametrize("vector", VECTORS["valid"], ids=lambda vector: vector["name"])
def test_bytes_of_the_table_are_parsed_into_its_values(vector: dict[str, Any]) -> None:
    assert parse(bytes.fromhex(vector["hex"])) == message_of(vector["message"])


@pytest.mark.parametrize("vector", VECTORS["valid"], ids=lambda vector: vector["name"])
def test_values_of_the_table_are_built_into_its_bytes(vector: dict[str, Any]) -> None:
    assert build(message_of(vector["message"])).hex() == vector["hex"]


def test_entries_of_the_tables_awareness_are_read() -> None:
    vector = next(vector for vector in VECTORS["valid"] if vector["message"]["type"] == "awareness")
    message = parse(bytes.fromhex(vector["hex"]))
    assert isinstance(message, AwarenessMessage)
    entries = parse_awareness(message.payload, max_state_bytes=100, max_entries=2)
    assert entries == [AwarenessEntry(**entry) for entry in vector["message"]["entries"]]


@pytest.mark.parametrize("vector", VECTORS["malformed"], ids=lambda vector: vector["name"])
def test_malformed_bytes_of_the_table_are_protocol_errors(vector: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError):
        parse(bytes.fromhex(vector["hex"]))


def test_an_unknown_type_is_told_apart_from_malformed_bytes() -> None:
    with pytest.raises(UnsupportedMessage) as unknown:
        parse(b"\x7f")
    with pytest.raises(ProtocolError) as malformed:
        parse(b"")
    assert (unknown.value.code, malformed.value.code) == (CloseCode.UNSUPPORTED, CloseCode.MALFORMED)


counts = st.integers(0, MAX_VARUINT)
json_objects = st.dictionaries(
    st.text(),
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**53), 2**53)
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)
messages: st.SearchStrategy[Message] = st.one_of(
    st.builds(SyncStep1, st.binary()),
    st.builds(SyncStep2, st.binary()),
    st.builds(Update, st.binary()),
    st.builds(AwarenessMessage, st.binary()),
    st.just(QueryAwareness()),
    st.builds(Ack, counts, counts),
    st.builds(Rejection, counts, st.text(), st.text()),
    st.builds(Event, json_objects),
    st.builds(Hello, json_objects),
    st.builds(Lease, st.text(), st.booleans()),
)
entries = st.lists(st.builds(AwarenessEntry, counts, counts, st.text()), max_size=5)


@given(messages)
def test_what_is_built_is_parsed_again(message: Message) -> None:
    assert parse(build(message)) == message


@given(entries)
def test_awareness_that_is_built_is_parsed_again(entries: list[AwarenessEntry]) -> None:
    assert parse_awareness(build_awareness(entries), max_state_bytes=10**6, max_entries=5) == entries


@given(counts)
def test_numbers_survive_and_take_no_more_bytes_than_they_need(number: int) -> None:
    encoded = write_varuint(number)
    reader = Reader(encoded)
    assert reader.varuint() == number
    assert reader.remaining_bytes == 0
    assert len(encoded) == max(1, -(-number.bit_length() // 7))


@given(messages, st.data())
def test_a_message_that_is_cut_short_is_a_protocol_error(message: Message, data: st.DataObject) -> None:
    encoded = build(message)
    cut = data.draw(st.integers(0, len(encoded) - 1))
    with pytest.raises(ProtocolError):
        parse(encoded[:cut])


@settings(max_examples=500)
@given(st.binary(max_size=60))
def test_any_bytes_are_a_message_or_a_protocol_error(data: bytes) -> None:
    try:
        message = parse(data)
    except ProtocolError:
        return
    assert parse(build(message)) == message


@settings(max_examples=500)
@given(st.binary(max_size=60))
def test_any_bytes_are_awareness_or_an_error_of_ours(data: bytes) -> None:
    try:
        found = parse_awareness(data, max_state_bytes=20, max_entries=3)
    except (ProtocolError, MessageTooLarge):
        return
    assert len(found) <= 3


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x00\x02" + write_varuint(2**50), id="an update"),
        pytest.param(b"\x01" + write_varuint(2**50), id="awareness"),
        pytest.param(b"\x67" + write_varuint(2**50), id="an event"),
    ],
)
def test_a_length_that_is_only_claimed_allocates_nothing(data: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(ProtocolError):
            parse(data)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 2**20


def test_a_number_of_entries_that_is_only_claimed_is_refused_before_any_is_read() -> None:
    with pytest.raises(MessageTooLarge):
        parse_awareness(write_varuint(10**9), max_state_bytes=100, max_entries=10)
    with pytest.raises(ProtocolError):
        parse_awareness(write_varuint(10), max_state_bytes=100, max_entries=10)


def test_a_presence_state_may_be_as_large_as_the_bound_and_no_larger() -> None:
    largest = build_awareness([AwarenessEntry(1, 1, "x" * 100)])
    assert len(parse_awareness(largest, max_state_bytes=100, max_entries=1)) == 1
    with pytest.raises(MessageTooLarge):
        parse_awareness(largest, max_state_bytes=99, max_entries=1)


@pytest.mark.parametrize("number", [2**53, 2**63, 2**64, 2**70])
def test_numbers_that_javascript_cannot_hold_are_refused(number: int) -> None:
    with pytest.raises(ProtocolError):
        Reader(write_varuint(number)).varuint()


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", '{"a": -Infinity}', "{", "", "[" * 100_000, "1e999", "[-1e999]"])
def test_text_that_json_does_not_have_is_refused(text: str) -> None:
    with pytest.raises(ProtocolError):
        parse_json(text)


def test_text_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(ProtocolError):
        Reader(b"\x02\xc3\x28").text()


@pytest.mark.parametrize("info", [{}, {"count": "1", "reason": "r", "message": "m"}, {"count": 1, "reason": "r"}])
def test_a_rejection_without_its_three_parts_is_refused(info: dict[str, Any]) -> None:
    text = json.dumps(info).encode()
    with pytest.raises(ProtocolError):
        parse(b"\x66" + write_varuint(len(text)) + text)
