"""No file that is imported becomes much more than it is: what a few bytes would stand for is refused."""

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from jupyter_collab.document import ContentFormat, load_json, read_content, read_notebook
from jupyter_collab.document.headers import MAX_HEADER_CHARACTERS
from jupyter_collab.document.values import MAX_VALUES
from jupyter_collab.errors import ContentError

from .test_notebooks import notebook

MD, PY = ContentFormat.MD, ContentFormat.PY
TEXTS = [MD, PY]

BODIES = {MD: "# Title\n\n```python\n1\n```\n", PY: "# %%\n1\n"}
ABOVE: dict[ContentFormat, list[list[str]]] = {
    MD: [[]],
    PY: [[], ["#!/usr/bin/env python"], ["# -*- coding: utf-8 -*-"], ["#!/bin/sh", "# coding: utf-8"]],
}
AROUND: list[tuple[list[str], list[str]]] = [
    ([], []),
    (["title: x"], []),
    (["title: |", "  jupyter:", "", "  y"], ["more: 1"]),
    ([""], []),
]
"""Lines that stand in a header before and after those about the notebook."""


def text_with(content_format: ContentFormat, header: list[str], *, hidden: bool = False) -> str:
    lines = ["---", *header, "---"]
    if content_format is PY:
        lines = [f"# {line}" for line in lines]
    elif hidden:
        lines = ["<!--", "", *lines, "", "-->"]
    return "\n".join([*lines, "", BODIES[content_format]])


def values_in(value: Any) -> int:
    """How many values there are, each as often as it stands there."""
    if isinstance(value, dict):
        return 1 + sum(map(values_in, value.values()))
    if isinstance(value, list):
        return 1 + sum(map(values_in, value))
    return 1


@st.composite
def bombs(draw: st.DrawFn) -> list[str]:
    """The lines of YAML that are a few hundred times as much as they look: aliases of aliases, in lists and objects."""
    width, depth = draw(st.sampled_from([(2, 12), (5, 5), (10, 4)]))
    kind = draw(st.sampled_from(["list", "object", "block", "merged"]))
    lines = ["  a0: &a0 {x: 1}"]
    for level in range(1, depth + 1):
        aliases = [f"*a{level - 1}"] * width
        match kind:
            case "list":
                lines.append(f"  a{level}: &a{level} [{', '.join(aliases)}]")
            case "object":
                items = (f"k{number}: {alias}" for number, alias in enumerate(aliases))
                lines.append(f"  a{level}: &a{level} {{{', '.join(items)}}}")
            case "block":
                lines += [f"  a{level}: &a{level}", *(f"  - {alias}" for alias in aliases)]
            case _:
                lines.append(f"  a{level}: &a{level} {{y{level}: {aliases[0]}, <<: [{', '.join(aliases)}]}}")
    return lines


@pytest.mark.parametrize("content_format", TEXTS)
@given(bomb=bombs(), around=st.sampled_from(AROUND), data=st.data())
def test_a_header_is_no_more_than_what_is_written(
    content_format: ContentFormat, bomb: list[str], around: tuple[list[str], list[str]], data: st.DataObject
) -> None:
    above = data.draw(st.sampled_from(ABOVE[content_format]))
    hidden = data.draw(st.booleans())
    text = "\n".join([*above, text_with(content_format, [*around[0], "jupyter:", *bomb, *around[1]], hidden=hidden)])
    try:
        content = read_content(text, content_format)
    except ContentError:
        return
    assert values_in(content.metadata) <= len(text)
    assert sum(values_in(cell.metadata) for cell in content.cells) <= len(text)


@pytest.mark.parametrize("content_format", TEXTS)
@pytest.mark.parametrize("value", ["&a x", "&a [1]", "{a: &b 1, c: *b}", "[&a [*a, *a]]", "!!str &a x"])
def test_anchors_and_aliases_are_refused_with_advice(content_format: ContentFormat, value: str) -> None:
    with pytest.raises(ContentError, match=r"anchor \(&\) or alias \(\*\) of YAML. Write the values out"):
        read_content(text_with(content_format, ["jupyter:", f"  a: {value}"]), content_format)


@pytest.mark.parametrize("content_format", TEXTS)
def test_their_signs_within_text_are_text(content_format: ContentFormat) -> None:
    names = {"display_name": "R & D *new*", "name": "&a", "language": "python"}
    header = yaml.safe_dump({"jupyter": {"kernelspec": names}}).splitlines()
    read = read_content(text_with(content_format, ["title: *not read*", *header]), content_format)
    assert read.metadata["kernelspec"] == names
    assert read.cells[0].cell_type == "raw"
    assert read.cells[0].source == "---\ntitle: *not read*\n---"


@pytest.mark.parametrize("content_format", TEXTS)
def test_an_alias_hidden_behind_a_comment_is_not_read(content_format: ContentFormat) -> None:
    sign = "# " if content_format is PY else ""
    lines = ["---", "jupyter:", "  a: 1", "<!-- x", "---", "  b: &b [1]", "  c: [*b, *b]", "-->"]
    text = "".join(f"{sign}{line}\n" for line in lines) + BODIES[content_format]
    try:
        read = read_content(text, content_format)
    except ContentError:
        return
    assert "c" not in read.metadata


@pytest.mark.parametrize("content_format", TEXTS)
@pytest.mark.parametrize(
    "header",
    [
        ["jupyter:", "  a: " + "[" * 200 + "]" * 200],
        ["jupyter:", "  a: " + "[" * 20_000],
        ["jupyter:", "  a: 2001-01-01"],
        ["jupyter:", '  a: !!int ""'],
        ["jupyter:", "  a: !!python/name:os.system"],
        ["jupyter:", "  ? [1]", "  : 2"],
        ["jupyter:", "  - 1"],
        ["jupyter:"],
        ["jupyter:", "  a: " + "x" * MAX_HEADER_CHARACTERS],
    ],
)
def test_a_header_that_is_odd_or_huge_is_refused(content_format: ContentFormat, header: list[str]) -> None:
    with pytest.raises(ContentError):
        read_content(text_with(content_format, header), content_format)


MANY = "[" + "{}," * MAX_VALUES + "{}]"


def test_json_of_very_many_values_is_not_read() -> None:
    with pytest.raises(ContentError, match="Split it, or clear outputs"):
        load_json(MANY)
    with pytest.raises(ContentError, match="Split it, or clear outputs"):
        read_content(f'{{"cells": {MANY}}}', ContentFormat.IPYNB)


def test_text_that_looks_like_very_many_values_is_text() -> None:
    text = json.dumps(notebook({"cell_type": "raw", "source": MANY + '"\\', "metadata": {}}))
    assert read_content(text, ContentFormat.IPYNB).cells[0].source == MANY + '"\\'


def test_a_value_that_many_share_counts_for_each() -> None:
    shared: list[Any] = ["x"] * 10
    for _ in range(6):
        shared = [shared] * 10
    with pytest.raises(ContentError, match="Split it, or clear outputs"):
        read_notebook(notebook(metadata={"x": shared}))
