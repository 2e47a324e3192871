"""What somebody may send as a file: notebooks of all versions and of none, Markdown and Python with any header."""

import asyncio
import random
from typing import Any

from hypothesis import strategies as st

from jupyter_collab.access import Role

from ..gate.differential import mutant
from ..peers import RawClient
from .odd import ODD_TEXTS, ODD_VALUES, joined, json_text, pieces
from .requests import encoded, send
from .running import FuzzedServer, Plan, require

__all__ = ["PLANS", "play"]

ENCODINGS = [
    "utf-8",
    "utf-8",
    "utf-8",
    "utf-8",
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-32",
    "latin-1",
    "utf-7",
]

TYPES = {
    "ipynb": ["application/json", "application/x-ipynb+json"],
    "md": ["text/markdown", "text/plain"],
    "py": ["text/x-python", "text/plain", "application/x-python"],
}

IDS = st.sampled_from(["a", "a", "b", "code", "words", "raw", "", "x" * 65, "é", "a b", 1, None])


def _or_odd(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(values, values, values, ODD_VALUES)


LINES = st.one_of(st.sampled_from(["1 + 1", "a\nb\n", "%%bash\nls", "🦜"]), ODD_TEXTS)
SOURCES = _or_odd(st.one_of(LINES, st.lists(LINES, max_size=4)))
BUNDLES = _or_odd(
    st.dictionaries(
        st.one_of(st.sampled_from(["text/plain", "text/html", "image/png", "application/json", "x/y+json"]), ODD_TEXTS),
        SOURCES,
        max_size=3,
    )
)
OUTPUTS = _or_odd(
    st.fixed_dictionaries(
        {},
        optional={
            "output_type": _or_odd(
                st.sampled_from(
                    ["stream", "display_data", "execute_result", "error", "pyout", "pyerr", "update_display_data"]
                )
            ),
            "name": _or_odd(st.sampled_from(["stdout", "stderr"])),
            "stream": st.just("stdout"),
            "text": SOURCES,
            "data": BUNDLES,
            "metadata": _or_odd(st.just({})),
            "execution_count": _or_odd(st.integers(0, 9)),
            "prompt_number": ODD_VALUES,
            "ename": ODD_VALUES,
            "evalue": ODD_VALUES,
            "traceback": SOURCES,
            "png": ODD_VALUES,
            "transient": ODD_VALUES,
        },
    )
)
METADATA = _or_odd(
    st.dictionaries(
        st.one_of(
            st.sampled_from(
                [
                    "kernelspec",
                    "language_info",
                    "jupytext",
                    "tags",
                    "trusted",
                    "collapsed",
                    "jupyter",
                    "jupyter_collab",
                    "name",
                ]
            ),
            ODD_TEXTS,
        ),
        ODD_VALUES,
        max_size=3,
    )
)
CELLS = _or_odd(
    st.fixed_dictionaries(
        {},
        optional={
            "cell_type": _or_odd(st.sampled_from(["code", "markdown", "raw", "heading", "html"])),
            "id": IDS,
            "source": SOURCES,
            "input": SOURCES,
            "metadata": METADATA,
            "outputs": _or_odd(st.lists(OUTPUTS, max_size=3)),
            "execution_count": ODD_VALUES,
            "prompt_number": ODD_VALUES,
            "attachments": _or_odd(st.dictionaries(ODD_TEXTS, BUNDLES, max_size=2)),
            "level": ODD_VALUES,
            "language": ODD_VALUES,
        },
    )
)
CELL_LISTS = _or_odd(
    st.one_of(
        st.lists(CELLS, max_size=5),
        st.tuples(CELLS, st.sampled_from([2, 50, 400])).map(lambda found: [found[0]] * found[1]),
    )
)
NOTEBOOKS = _or_odd(
    st.fixed_dictionaries(
        {},
        optional={
            "nbformat": st.one_of(st.just(4), st.just(4), st.just(4), st.just(3), ODD_VALUES),
            "nbformat_minor": st.one_of(st.just(5), st.integers(0, 9), ODD_VALUES),
            "metadata": METADATA,
            "cells": CELL_LISTS,
            "worksheets": _or_odd(st.lists(st.fixed_dictionaries({"cells": CELL_LISTS}), max_size=2)),
            "orig_nbformat": ODD_VALUES,
        },
    )
)

HEADER = [
    *(
        "---\n",
        "---\n",
        "jupyter:\n",
        "  kernelspec:\n",
        "    name: python3\n",
        "  jupytext:\n",
        "    text_representation:\n",
    ),
    *(
        "      extension: .md\n",
        "      format_name: light\n",
        "      format_name: percent\n",
        "      format_version: '9'\n",
    ),
    *(
        "a: &a [x,x,x,x,x,x,x,x,x]\n",
        "b: &b [*a,*a,*a,*a,*a,*a]\n",
        "c: [*b,*b,*b,*b,*b,*b]\n",
        "<<: *a\n",
        "a: *a\n",
        "a: &a\n",
    ),
    *("? [a, b]\n", "? {a: b}\n", "!!python/object/apply:os.getcwd []\n", "x: !!binary aGk=\n", "x: !!set {a, b}\n"),
    *(
        "d: 2001-99-99\n",
        "d: 2001-01-01\n",
        "n: .nan\n",
        "n: .inf\n",
        "n: 0x",
        "f",
        "n: 1:2:3\n",
        "n: 1e999\n",
        "n: 9",
        "9",
    ),
    *("[", "{", "- ", ": ", "  ", "\t", "%YAML 1.1\n", "%TAG ! !\n", "...\n", "|\n", ">\n", "'", '"', "\\", "#"),
]
MARKDOWN = [
    *HEADER,
    *(
        "```python\n",
        "```\n",
        "````\n",
        "```{code-cell}\n",
        "~~~\n",
        "```python id=a\n",
        '```python tags=["a"]\n',
        "```r\n",
    ),
    *(
        "# Title\n",
        "text\n",
        "\n",
        "\n\n",
        "<!-- #region -->\n",
        "<!-- #endregion -->\n",
        "<!-- #raw -->\n",
        "<!-- id: a -->\n",
    ),
    *("+++\n", "+++ {}\n", "`", "```", "    code\n", "1 + 1\n", "$$", "![a](attachment:a.png)\n"),
]
PYTHON = [
    *(f"# {line}" for line in HEADER),
    *(
        "# %%\n",
        "# %% [markdown]\n",
        "# %% [raw]\n",
        '# %% {"id": "a"}\n',
        '# %% id="a"\n',
        '# %% tags=["a"]\n',
        "# %% {\n",
    ),
    *(
        "# +\n",
        "# -\n",
        "# + [markdown]\n",
        "#!/usr/bin/python\n",
        "# -*- coding: latin-1 -*-\n",
        '"""',
        "'''\n",
        "%matplotlib\n",
    ),
    *(
        "# %matplotlib\n",
        "!ls\n",
        "?x\n",
        "def f():\n",
        "    pass\n",
        "# text\n",
        "\n",
        "\n\n",
        "1 + 1\n",
        "\\\n",
        "(",
        "#",
    ),
]
TEXT_FILES = {"md": pieces(MARKDOWN, 20), "py": pieces(PYTHON, 20)}


def _texts(form: str) -> st.SearchStrategy[str]:
    return NOTEBOOKS.map(json_text) if form == "ipynb" else TEXT_FILES[form].map(joined)


def _uploads(form: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "method": st.just("PUT"),
            "form": st.just(form),
            "type": st.sampled_from(TYPES[form]),
            "text": _texts(form),
            "encoding": st.sampled_from(ENCODINGS),
            "mutant": st.one_of(st.none(), st.none(), st.none(), st.integers(0, 2**32)),
        }
    )


def _merges(form: str) -> st.SearchStrategy[dict[str, Any]]:
    both = st.fixed_dictionaries({"base": _texts(form), "content": _texts(form)})
    return st.fixed_dictionaries({"method": st.just("POST"), "form": st.just(form), "value": both})


MAKINGS = st.fixed_dictionaries(
    {
        "method": st.just("NEW"),
        "text": st.fixed_dictionaries({"content": NOTEBOOKS}, optional={"title": ODD_TEXTS}).map(json_text),
    }
)

FORMS = st.sampled_from(["ipynb", "ipynb", "md", "py"])

PLANS: st.SearchStrategy[Plan] = st.fixed_dictionaries(
    {
        "kind": st.just("imports"),
        "is_note": st.booleans(),
        "is_guest": st.booleans(),
        "files": st.lists(
            st.one_of(FORMS.flatmap(_uploads), FORMS.flatmap(_uploads), FORMS.flatmap(_merges), MAKINGS),
            min_size=1,
            max_size=4,
        ),
    }
)

NOTE = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {},
    "cells": [{"id": "n", "cell_type": "markdown", "source": "note", "metadata": {}}],
}


def play(fuzzed: FuzzedServer, plan: Plan) -> None:
    """Send all of it to a new room, in which Ada is; then it can be read in each format."""
    fuzzed.run(_play(fuzzed, plan))


async def _play(fuzzed: FuzzedServer, plan: Plan) -> None:
    room = fuzzed.room(**({"content": NOTE} if plan["is_note"] else {}))
    headers = fuzzed.guest(room, Role.WRITER) if plan["is_guest"] else fuzzed.server.headers
    api = "/collab/api" if plan["is_guest"] else "/api/collab"
    rooms = [room]
    async with RawClient(fuzzed.server, room, "ada") as ada:
        await ada.joined()
        for file in plan["files"]:
            made = await asyncio.to_thread(_send, fuzzed, room, api, headers, file)
            rooms += [made] if made else []
        await fuzzed.require_equal(room, ada)
    for each in rooms:
        for form in TYPES:
            await asyncio.to_thread(send, fuzzed.server, "GET", f"{api}/rooms/{each}/content?format={form}", headers)


def _send(fuzzed: FuzzedServer, room: str, api: str, headers: dict[str, str], file: dict[str, Any]) -> str | None:
    """Send one file; returns the room that was made of it, if one was."""
    if file["method"] == "NEW":
        body = encoded(file["text"], "utf-8")
        answer = send(fuzzed.server, "POST", "/api/collab/rooms", {**fuzzed.server.headers, **JSON}, body)
        return answer.json()["id"] if answer.status == 201 else None
    path = f"{api}/rooms/{room}/content?format={file['form']}"
    if file["method"] == "POST":
        answer = send(fuzzed.server, "POST", path, {**headers, **JSON}, json_text(file["value"]).encode())
    else:
        body = encoded(file["text"], file["encoding"])
        if file["mutant"] is not None and body:
            body = mutant(body, random.Random(file["mutant"]))
        answer = send(fuzzed.server, "PUT", path, {**headers, "Content-Type": file["type"]}, body)
    require(answer.status in (200, 400, 413, 415), f"{answer.status} {answer.text[:300]}")
    return None


JSON = {"Content-Type": "application/json"}
