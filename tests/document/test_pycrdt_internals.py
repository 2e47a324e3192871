"""What reaches into private parts of pycrdt says the same as what pycrdt promises, and nothing else does so."""

import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Array, Doc, Map, ReadTransaction, Text, Transaction

import jupyter_collab
from jupyter_collab.document.pycrdt_internals import (
    WRITTEN_FOR,
    has_value,
    observe_bare,
    plain_value,
    read_value,
    read_value_in,
)

PACKAGE = Path(jupyter_collab.__file__).parent

PRIVATE = re.compile(r"\._txn\b|\.integrated\b|\._integrated\b|\bpycrdt\._|\bpycrdt import _")

VALUES = [None, True, 7, -1.5, "word", "", b"bytes", ["a", [1.0]], {"a": {"b": None}}]


def map_of(value: object) -> "Map[Any]":
    """A map with ``value`` under ``key``, and under ``gone`` what was deleted."""
    shared: Map[Any] = Doc[Any]().get("map", type=Map)
    shared["key"] = value
    shared["gone"] = 1
    del shared["gone"]
    return shared


def test_it_is_written_for_the_version_that_is_installed() -> None:
    """With another one, look at ``Map.get`` there, and at what the other tests say."""
    assert version("pycrdt").startswith(f"{WRITTEN_FOR}.")


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_it_reads_what_the_map_says(value: object) -> None:
    shared = map_of(value)
    with shared.doc.transaction() as transaction:
        assert isinstance(transaction, Transaction | ReadTransaction)
        assert plain_value(shared, transaction, "key") == shared["key"] == value
        assert has_value(shared, transaction, "key")
        for key in ("gone", "never"):
            assert plain_value(shared, transaction, key) is None
            assert not has_value(shared, transaction, key)


@pytest.mark.parametrize("shared_type", [Map, Array, Text])
def test_a_shared_type_is_there_and_no_plain_value(shared_type: type[Map[Any] | Array[Any] | Text]) -> None:
    shared = map_of(shared_type())
    with shared.doc.transaction() as transaction:
        assert has_value(shared, transaction, "key")
        assert not isinstance(plain_value(shared, transaction, "key"), str | int | list | dict | None)


def test_it_reads_what_was_written_in_the_same_transaction() -> None:
    shared = map_of("before")
    with shared.doc.transaction() as transaction:
        shared["key"] = "after"
        assert plain_value(shared, transaction, "key") == "after"


@pytest.mark.parametrize("value", [*VALUES, {}], ids=repr)
def test_a_value_is_read_as_the_map_says_it(value: object) -> None:
    shared = map_of(value)
    with shared.doc.transaction() as transaction:
        assert read_value(shared, transaction, "key") == value
        shared["inner"] = Map({"key": value})
        assert read_value_in(shared, transaction, "inner", "key") == value
        for key, inner_key in (("inner", "never"), ("key", "a"), ("gone", "key"), ("never", "key")):
            assert read_value_in(shared, transaction, key, inner_key) is None


def test_a_shared_type_is_read_as_one() -> None:
    shared = map_of(Text("words"))
    with shared.doc.transaction() as transaction:
        assert str(read_value(shared, transaction, "key")) == "words"


def test_who_observes_a_text_barely_is_called_when_it_changes_and_until_they_drop_that() -> None:
    doc, called = Doc[Any](), list[object]()
    text = doc.get("text", type=Text)
    subscription = observe_bare(text, called.append)
    text += "a"
    with doc.transaction():
        text += "b"
        text += "c"
    assert len(called) == 2
    subscription.drop()
    text += "d"
    assert len(called) == 2


def test_nothing_else_reaches_into_private_parts_of_pycrdt() -> None:
    found = {path.name for path in PACKAGE.rglob("*.py") if PRIVATE.search(path.read_text())}
    assert found == {"pycrdt_internals.py"}
