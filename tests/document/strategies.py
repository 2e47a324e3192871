"""What hypothesis makes: notebooks of nbformat 4.5 that use all of it, and junk that a peer may write."""

import string
from typing import Any

from hypothesis import strategies as st
from pycrdt import Array, Map, Text

TEXTS = st.text(
    st.one_of(
        st.sampled_from("ab \n\r\t"),
        st.sampled_from("éßЖ漢字한글"),
        st.sampled_from("😀🧑‍🚀\U0010ffff"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=30,
)

SOURCES = TEXTS.map(lambda text: text.replace("\r", ""))
"""The texts of cells. Other line breaks than ``\\n`` do not come out as they went in."""

NUMBERS = st.one_of(
    st.integers(-(2**53) + 1, 2**53 - 1), st.floats(allow_nan=False, allow_infinity=False), st.just(0.5)
)

JSON_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)

CELL_IDS = st.text(string.ascii_letters + string.digits + "-_", min_size=1, max_size=64)

FREE_METADATA = st.dictionaries(TEXTS.map(lambda text: "x-" + text), JSON_VALUES, max_size=3)

TAGS = st.lists(st.sampled_from(["a", "hide-input", "漢字"]), unique=True, max_size=3)

MIME_BUNDLES = st.fixed_dictionaries(
    {},
    optional={
        "text/plain": TEXTS,
        "text/html": TEXTS,
        "image/png": st.just("iVBORw0KGgo="),
        "application/json": JSON_VALUES,
        "application/vnd.x.v1+json": JSON_VALUES,
    },
)

COUNTS = st.one_of(st.none(), st.integers(0, 10**6))

OUTPUTS = st.one_of(
    st.fixed_dictionaries(
        {"output_type": st.just("stream"), "name": st.sampled_from(["stdout", "stderr"]), "text": TEXTS}
    ),
    st.fixed_dictionaries({"output_type": st.just("display_data"), "data": MIME_BUNDLES, "metadata": FREE_METADATA}),
    st.fixed_dictionaries(
        {
            "output_type": st.just("execute_result"),
            "data": MIME_BUNDLES,
            "metadata": FREE_METADATA,
            "execution_count": COUNTS,
        }
    ),
    st.fixed_dictionaries(
        {"output_type": st.just("error"), "ename": TEXTS, "evalue": TEXTS, "traceback": st.lists(TEXTS, max_size=3)}
    ),
)


def _metadata(**known: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda free, chosen: {**free, **chosen},
        FREE_METADATA,
        st.fixed_dictionaries({}, optional={"tags": TAGS, "name": st.just("a name"), **known}),
    )


CODE_CELLS = st.fixed_dictionaries(
    {
        "id": CELL_IDS,
        "cell_type": st.just("code"),
        "source": SOURCES,
        "metadata": _metadata(
            collapsed=st.booleans(),
            scrolled=st.sampled_from([True, False, "auto"]),
            execution=st.just({"iopub.execute_input": "2026-01-31T12:00:00Z"}),
            jupyter=st.just({"source_hidden": True}),
        ),
        "outputs": st.lists(OUTPUTS, max_size=3),
        "execution_count": COUNTS,
    }
)

ATTACHMENTS = st.dictionaries(TEXTS, st.fixed_dictionaries({"image/png": TEXTS}), min_size=1, max_size=2)


def _text_cells(cell_type: str, **known: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"id": CELL_IDS, "cell_type": st.just(cell_type), "source": SOURCES, "metadata": _metadata(**known)},
        optional={"attachments": ATTACHMENTS},
    )


CELLS = st.one_of(CODE_CELLS, _text_cells("markdown"), _text_cells("raw", format=st.just("text/latex")))

NOTEBOOK_METADATA = st.builds(
    lambda free, chosen: {**free, **chosen},
    FREE_METADATA,
    st.fixed_dictionaries(
        {},
        optional={
            "kernelspec": st.just({"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}),
            "language_info": st.just({"name": "python", "codemirror_mode": {"name": "ipython", "version": 3}}),
            "title": TEXTS,
            "authors": st.just([{"name": "Ada"}]),
        },
    ),
)

NOTEBOOKS = st.builds(
    lambda metadata, cells: {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells},
    NOTEBOOK_METADATA,
    st.lists(CELLS, max_size=5, unique_by=lambda cell: cell["id"]),
)

SHARED_JUNK = st.recursive(
    st.one_of(JSON_VALUES, TEXTS.map(Text), st.binary(max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(Array),
        st.dictionaries(st.sampled_from(["a", "id", "data", "output_type", "text"]), inner, max_size=3).map(Map),
    ),
    max_leaves=5,
)
"""Anything that pycrdt can put into a document."""

WRONG_CELLS = st.fixed_dictionaries(
    {"cell_type": st.sampled_from(["code", "markdown", "raw", "heading", 5, None])},
    optional={
        "id": st.one_of(st.sampled_from(["same", "", "not an id!", "x" * 65]), SHARED_JUNK),
        "source": SHARED_JUNK,
        "metadata": st.one_of(
            SHARED_JUNK,
            st.fixed_dictionaries(
                {},
                optional=dict.fromkeys(
                    ("trusted", "tags", "name", "jupyter", "execution", "collapsed", "scrolled", "format"), JSON_VALUES
                ),
            ).map(Map),
        ),
        "outputs": st.one_of(SHARED_JUNK, st.lists(st.one_of(SHARED_JUNK, OUTPUTS), max_size=3).map(Array)),
        "execution_count": SHARED_JUNK,
        "attachments": SHARED_JUNK,
    },
).map(Map)
"""Maps that look more or less like cells."""

JUNK_METADATA = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("kernelspec", "language_info", "orig_nbformat", "title", "authors", "x"), JSON_VALUES)
)
