"""Whatever cells hold, ``.md`` and ``.py`` give the same cells back."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jupyter_collab.document import ContentFormat, RoomDocument, read_content, write_content

from .strategies import SOURCES
from .test_notebooks import code, markdown, notebook, replica, sources

MD, PY = ContentFormat.MD, ContentFormat.PY
TEXTS = [MD, PY]

LINES = [
    "", " ", "\t", "x = 1", "  indented", "text", "%%bash", "%%R -i x", "%%python3", "%%html", "%matplotlib inline",
    "!ls", "x = !ls", "len?", "?len", "ls", "cd ..", "# !ls", "# %time x", "# # !ls", "# ls", "# len?",
    "# %%", "#%%", "# %% load data", "# %% [markdown]", '# %% tags=["a"]', "# \\%% x", "# In[1]:", "# <codecell>",
    "# +", "# -", "# region", "# endregion", "<!-- #region -->", "<!-- #endregion -->", "<!-- #raw -->",
    "<!-- #endraw -->",
    '<!-- #region collab_text={"quoted": true} -->', "<!-- #md -->", "<!-- comment -->", "```", "```python", "~~~",
    "````", '"""', "'''", 'r"""', "'", '"quoted"', "---", "jupyter:", "  jupytext: {}", "# ---", "# Title", "#", "\\",
    "a \\", "it's", "trailing  ", "a\u2028b", "\x0c", "\x85", "\U000f0000", "# -*- coding: utf-8 -*-", "#!/bin/sh",
    "    # %%", "class A:", "def f():", "    pass", "@d", "漢字 😀",
]  # fmt: skip
"""Lines that jupytext takes for something, or nearly."""

CELLS = st.tuples(
    st.sampled_from(["code", "markdown", "raw"]),
    st.one_of(st.lists(st.sampled_from(LINES), max_size=5).map("\n".join), SOURCES),
)

METADATA = st.sampled_from([
    {},
    {"language_info": {"name": "python"}},
    {"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}},
    {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
])  # fmt: skip


def document_with(cells: list[tuple[str, str]], metadata: dict[str, Any]) -> RoomDocument:
    whole = [{"cell_type": kind, "source": source, "metadata": {}} for kind, source in cells]
    return replica(RoomDocument.create("epoch", notebook(*whole, metadata=metadata)))


def there_and_back(document: RoomDocument, content_format: ContentFormat) -> RoomDocument:
    fresh = replica(RoomDocument.create("other"))
    fresh.set_content(read_content(write_content(document, content_format), content_format))
    return fresh


def kinds_and_sources(document: RoomDocument) -> list[tuple[str, str]]:
    return [(cell["cell_type"], cell["source"]) for cell in document.cells]


@pytest.mark.parametrize("content_format", TEXTS)
@settings(max_examples=150)
@given(cells=st.lists(CELLS, min_size=2, max_size=4), metadata=METADATA)
@example(cells=[("code", "%%bash\necho hi"), ("raw", "")], metadata={})
@example(cells=[("code", "# %% load data\nx = 1"), ("markdown", "")], metadata={})
@example(cells=[("markdown", "<!-- #region -->\nhidden\n<!-- #endregion -->"), ("code", "1")], metadata={})
@example(cells=[("code", "x = 1\n"), ("markdown", "\na\n\n"), ("code", "\n"), ("code", "")], metadata={})
@example(cells=[("code", " "), ("code", " ")], metadata={})
@example(cells=[("raw", "---\na: 1\n---"), ("code", "x = 'y")], metadata={})
@example(cells=[("code", 's = """'), ("markdown", "x"), ("code", '"""')], metadata={})
def test_cells_come_back_as_they_were(
    content_format: ContentFormat, cells: list[tuple[str, str]], metadata: dict[str, Any]
) -> None:
    assert kinds_and_sources(there_and_back(document_with(cells, metadata), content_format)) == cells


@pytest.mark.parametrize("content_format", TEXTS)
@pytest.mark.parametrize("metadata", [{}, {"tags": ["a"]}, {"active": "py"}, {"language": "R"}, {"title": "[md]"}])
@pytest.mark.parametrize("cell_type", ["code", "markdown", "raw"])
def test_metadata_do_not_change_what_a_cell_is(
    content_format: ContentFormat, metadata: dict[str, Any], cell_type: str
) -> None:
    cell = {"cell_type": cell_type, "source": "# %%\nx = 1\n", "metadata": metadata}
    document = replica(RoomDocument.create("epoch", notebook(cell, code("y"))))
    assert kinds_and_sources(there_and_back(document, content_format)) == [(cell_type, "# %%\nx = 1\n"), ("code", "y")]


def text_of(content_format: ContentFormat, *cells: dict[str, Any]) -> str:
    return write_content(RoomDocument.create("epoch", notebook(*cells)), content_format)


def test_code_that_looks_like_a_mark_still_runs_as_a_program() -> None:
    text = text_of(PY, code("# %% load\nx = 6\n# In[2]:\ny = x * 7\n\n"), markdown("<!-- #region -->"))
    names: dict[str, Any] = {}
    exec(text, names)  # it is what this test has written
    assert names["y"] == 42


@pytest.mark.parametrize("content_format", TEXTS)
def test_a_cell_that_needs_no_other_form_is_written_as_jupytext_does(content_format: ContentFormat) -> None:
    cells = [code("x = 1\n\n\ny = 2"), markdown("# Title\n\n* a"), code("!ls"), code("%%bash\necho hi")]
    assert "collab_text" not in text_of(content_format, *cells)


MARKED = [code("# %% load\nx = 1\n\n"), markdown("<!-- #region -->\n# Why?\n<!-- #endregion -->\n\n")]


def test_cells_in_another_form_can_be_edited() -> None:
    assert all("collab_text" in text_of(content_format, *MARKED) for content_format in TEXTS)
    document = replica(RoomDocument.create("epoch", notebook(*MARKED)))
    for content_format in TEXTS:
        text = write_content(document, content_format)
        document.set_content(read_content(text.replace("x = 1", "x = 12"), content_format))
        assert sources(document) == ["# %% load\nx = 12\n\n", MARKED[1]["source"]]
        assert [cell["metadata"] for cell in document.cells] == [{}, {}]
        document.set_source(document.cell_ids[0], MARKED[0]["source"])


@pytest.mark.parametrize(
    "about",
    ['{"quoted": true}', '{"quoted": 1}', '{"empty_lines": [-1, 1e9]}', '{"empty_lines": "x"}', '{"escaped": []}', "7"],
)
def test_a_form_that_somebody_spoiled_is_read_as_it_stands(about: str) -> None:
    read = read_content(f"# %% collab_text={about}\nx = 1\n\n# %%\ny\n", PY)
    assert [cell.source for cell in read.cells] == ["x = 1", "y"]


@pytest.mark.parametrize("content_format", TEXTS)
def test_a_byte_order_mark_is_no_text(content_format: ContentFormat) -> None:
    text = text_of(content_format, markdown("# Doc"), code("x = 1"))
    assert read_content("\ufeff" + text, content_format) == read_content(text, content_format)
    assert read_content("\ufeff# A note", MD).note == "# A note"
