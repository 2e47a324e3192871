"""Edits, made up at random: real ones, real ones with something changed in them, and some that no library makes."""

import random
from collections.abc import Callable
from typing import Any

from pycrdt import Array, Doc, Map, Text, XmlFragment

from jupyter_collab.yjs import TYPE, Deletion

from ..gate.differential import mutant
from .room import ADA, SERVER
from .writer import (
    BINARY,
    DOC,
    EMBED,
    Made,
    any_content,
    count_content,
    format_content,
    json_content,
    made_of,
    text_content,
    type_content,
    update_of,
)

__all__ = ["Eve"]

ROOTS = ["cells", "meta", "state", "cells", "text", "x", ""]
KEYS = [
    *("id", "pos", "cell_type", "source", "metadata", "outputs", "execution_count", "execution_state", "put"),
    *(
        "deleted",
        "dropped",
        "moved.x",
        "attachments",
        "noticed",
        "trusted",
        "jupyter_collab",
        "tags",
        "kernel",
        "epoch",
    ),
    *("output_type", "text", "data", "name", "nbformat", "nbformat_minor", "language_info", "__proto__", ""),
]
VALUES: list[Any] = [
    *(
        None,
        True,
        0,
        -1,
        1.5,
        2**53,
        "",
        "word",
        "🦜",
        "code",
        "markdown",
        "raw",
        "stream",
        "error",
        "display_data",
        "a5",
    ),
    *([], {}, [1, "two"], {"a": {"b": [None]}}, ["all ", "passed"], [3]),
    {"output_type": "stream", "name": "stdout", "text": "all passed"},
    {"output_type": "stream", "name": "stdout"},
    {"output_type": "stream", "text": ["a", 1]},
    {"output_type": "display_data", "data": {"text/plain": 3, "x/y+json": {"a": 1}}, "metadata": []},
    {"output_type": "error", "ename": 1, "evalue": None, "traceback": "none"},
    {"output_type": "execute_result", "execution_count": "one", "data": None},
    {"run": {"by": "Ada Owner", "username": "ada", "status": "ok"}},
    {"id": "k2", "name": "evil"},
    {"at": 1, "by": "Eve"},
    {"trusted": True},
]
TEXTS = ["a", "word", "\n", "🦜", "é", "a🦜b", "x" * 50]

Contents = tuple[int, int, bytes]


class Eve:
    """Makes edits of the room's document, which :meth:`learn` tells of. ``rng`` decides about everything."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._client = 10 + rng.randrange(2**16)
        self._items: list[Made] = []
        self._ends: dict[int, int] = {}

    def learn(self, state: bytes) -> None:
        """The room's document is another one."""
        self._state = state
        self._items, _ = made_of(state)
        self._types = [item for item in self._items if item.kind == TYPE]
        self._ends = {}
        for item in self._items:
            self._ends[item.client] = item.clock + item.length

    def update(self) -> bytes:
        """The next edit."""
        luck = self._rng.random()
        real = self._real() if luck < 0.65 else None
        if real is None:
            return self._made()
        if luck < 0.3:
            return real
        return mutant(real, self._rng) if luck < 0.45 else self._tampered(real)

    # Real ones

    def _real(self) -> bytes | None:
        """What a program makes of what somebody does; ``None`` if it cannot do that to this document.

        A client that was refused has a new document, and perhaps a new id.
        """
        if self._rng.random() < 0.2:
            self._client += 1
        client = self._client if self._rng.random() < 0.95 else self._rng.choice([ADA, SERVER, 2**33 + 5])
        doc: Doc[Any] = Doc(client_id=client)
        doc.apply_update(self._state)
        before = doc.get_state()
        try:
            with doc.transaction():
                for _ in range(self._rng.choice([1, 1, 2, 4])):
                    self._act(doc)
        except Exception:  # noqa: BLE001  # pycrdt's own: what is looked at is the room
            return None
        return doc.get_update(b"\x00" if self._rng.random() < 0.05 else before)

    def _act(self, doc: "Doc[Any]") -> None:
        cells: Array[Any] = doc.get("cells", type=Array)
        cell: Map[Any] = self._rng.choice(list(cells))
        acts: list[Callable[[], object]] = [
            lambda: self._type(cell["source"]),
            lambda: self._type(cell["source"]),
            lambda: self._set(cell),
            lambda: self._set(cell["metadata"]),
            lambda: self._set(doc.get("meta", type=Map)),
            lambda: self._set(doc.get("state", type=Map)),
            lambda: self._list(cell["outputs"]),
            lambda: self._list(cell["outputs"]),
            lambda: self._output(cell["outputs"]),
            lambda: cells.insert(self._rng.randint(0, len(cells)), self._cell()),
            lambda: cells.insert(self._rng.randint(0, len(cells)), self._cell()),
            lambda: cell.__setitem__("deleted", {"at": 1, "by": "Eve"}),
            lambda: cell.__setitem__("pos", self._rng.choice(["a0", "a5", "z", "", "a", "~"])),
            lambda: self._delete(cells),
            lambda: doc.get(self._rng.choice(["x", "y", "z"]), type=Map).__setitem__("k", self._shared()),
            lambda: doc.get("xml", type=XmlFragment),
        ]
        self._rng.choice(acts)()

    def _type(self, text: Text) -> None:
        length = len(text)
        luck = self._rng.random()
        if luck < 0.5 or not length:
            text.insert(self._rng.choice([0, length]), self._rng.choice(TEXTS))
        elif luck < 0.7:
            text.clear()
        elif luck < 0.85:
            text.format(0, length, {"bold": self._rng.choice([True, None, "x"])})
        else:
            text.insert_embed(0, self._rng.choice([{"image": 1}, "x"]))

    def _set(self, shared: "Map[Any]") -> None:
        key = self._rng.choice([*KEYS, *shared.keys()])
        if key in shared and self._rng.random() < 0.3:
            del shared[key]
        else:
            shared[key] = self._shared() if self._rng.random() < 0.5 else self._rng.choice(VALUES)

    def _list(self, shared: "Array[Any]") -> None:
        if len(shared) and self._rng.random() < 0.4:
            self._delete(shared)
        else:
            values: list[Callable[[], Any]] = [
                self._shared,
                self._shared_output,
                lambda: self._rng.choice(VALUES),
            ]
            shared.insert(self._rng.randint(0, len(shared)), self._rng.choice(values)())

    def _delete(self, shared: "Array[Any]") -> None:
        if len(shared) > 1:
            del shared[self._rng.randrange(len(shared))]

    def _output(self, outputs: "Array[Any]") -> None:
        found = [output for output in outputs if isinstance(output, Map)]
        if not found:
            return
        output = self._rng.choice(found)
        text = output.get("text")
        if isinstance(text, Text) and len(text) > 4 and self._rng.random() < 0.6:
            del text[0:4]  # it begins with plain letters, or is refused
        else:
            self._set(output)

    def _shared(self) -> Any:
        makes: list[Callable[[], Any]] = [
            lambda: Map({"a": 1}),
            lambda: Array([1, Map()]),
            lambda: Text("text"),
            lambda: Map(),
            self._cell,
            self._shared_output,
        ]
        return self._rng.choice(makes)()

    def _shared_output(self) -> "Map[Any]":
        return Map({"output_type": self._rng.choice(["stream", "stream", "error", "bomb"]), "text": Text("all passed")})

    def _cell(self) -> "Map[Any]":
        fields: dict[str, Any] = {
            "id": self._rng.choice(["code", "words", f"n{self._rng.randrange(1000)}"]),
            "pos": self._rng.choice(["a1", "a5", "b"]),
            "cell_type": self._rng.choice(["code", "markdown", "raw"]),
            "source": Text(self._rng.choice(TEXTS)),
            "metadata": Map({"jupyter_collab": self._rng.choice(VALUES)} if self._rng.random() < 0.3 else {}),
            "outputs": Array([self._shared_output()] if self._rng.random() < 0.3 else []),
        }
        if self._rng.random() < 0.2:
            fields[self._rng.choice(list(fields))] = self._rng.choice(VALUES)
        if self._rng.random() < 0.1:
            del fields[self._rng.choice(list(fields))]
        return Map(fields)

    # Real ones that were changed

    def _tampered(self, update: bytes) -> bytes:
        items, deletions = made_of(update)
        for _ in range(self._rng.choice([1, 1, 2])):
            if items and self._rng.random() < 0.8:
                at = self._rng.randrange(len(items))
                items[at : at + 1] = self._tamper(items[at])
            else:
                deletions.append(self._deletion())
        if self._rng.random() < 0.1:
            self._rng.shuffle(items)
        return update_of(items, deletions)

    def _tamper(self, item: Made) -> list[Made]:
        match self._rng.randrange(8):
            case 0:
                return [item._replace(left=self._unit())]
            case 1:
                return [item._replace(right=self._unit())]
            case 2:
                return [item._replace(left=None, right=None, parent=self._parent(), key=self._key())]
            case 3:
                return [item._replace(key=self._key())]
            case 4:
                kind, length, content = self._content()
                return [item._replace(kind=kind, length=length, content=content)]
            case 5:
                return [item._replace(client=self._any_client())]
            case 6:
                return [item._replace(clock=max(0, item.clock + self._rng.choice([-1, 1, 5])))]
            case _:
                return self._rng.choice([[], [item, item]])

    # Those that no library makes

    def _made(self) -> bytes:
        items: list[Made] = []
        client = self._any_client()
        clock = self._ends.get(client, 0) + self._rng.choice([0] * 12 + [1, -1])
        for _ in range(self._rng.choice([0, 1, 1, 1, 2, 3, 8])):
            items.append(self._item(client, max(0, clock), items))
            clock = items[-1].clock + items[-1].length
            if self._rng.random() < 0.1:
                client, clock = self._any_client(), 0
                clock = max(
                    [self._ends.get(client, 0), *(made.clock + made.length for made in items if made.client == client)]
                )
        deletions = [self._deletion() for _ in range(self._rng.choice([0, 0, 1, 1, 2, 5]))]
        return update_of(items, deletions)

    def _item(self, client: int, clock: int, others: list[Made]) -> Made:
        kind, length, content = self._content()
        left = right = parent = key = None
        luck = self._rng.random()
        if luck < 0.5:
            parent, key = self._parent(others), self._key()
        elif luck < 0.65:
            left = self._unit(others)
        elif luck < 0.8:
            right = self._unit(others)
        else:
            left, right = self._beside(others)
        return Made(client, clock, length, kind, content, left, right, parent, key)

    def _beside(self, others: list[Made]) -> tuple[tuple[int, int], tuple[int, int]]:
        if self._items and self._rng.random() < 0.7:  # what stands beside each other, or nearly
            item = self._rng.choice(self._items)
            at = item.clock + self._rng.randrange(item.length)
            return (item.client, at), (item.client, at + 1)
        return self._unit(others), self._unit(others)

    def _content(self) -> Contents:
        makes: list[Callable[[], Contents]] = [
            lambda: text_content(self._rng.choice(TEXTS)),
            lambda: text_content(self._rng.choice(TEXTS)),
            lambda: any_content([self._rng.choice(VALUES)]),
            lambda: any_content([self._rng.choice(VALUES)]),
            lambda: any_content(self._rng.choices(VALUES, k=self._rng.randrange(4))),
            lambda: type_content(self._rng.choice([0, 0, 1, 1, 1, 2, 2, 3, 4, 5, 6, 7])),
            lambda: type_content(self._rng.choice([0, 1, 2])),
            lambda: format_content("bold", self._rng.choice(["true", "null", "{}", "{"])),
            lambda: json_content(self._rng.choices(["1", "null", "undefined", '{"output_type":"error"}', "{"], k=2)),
            lambda: count_content(self._rng.choice([0, 1, 10]), self._rng.choice([0, 1, 1, 3, 2**32])),
            lambda: (BINARY, 1, b"\x02ab"),
            lambda: (EMBED, 1, b"\x02{}"),
            lambda: (DOC, 1, b"\x01g\x76\x00"),
        ]
        return self._rng.choice(makes)()

    def _unit(self, others: list[Made] | None = None) -> tuple[int, int]:
        pool = others if others and self._rng.random() < 0.3 else self._items
        if not pool or self._rng.random() < 0.02:
            return self._rng.randrange(20), self._rng.randrange(20)
        item = self._rng.choice(pool)
        return item.client, item.clock + self._rng.randrange(max(1, min(item.length, 100)))

    def _parent(self, others: list[Made] | None = None) -> str | tuple[int, int]:
        luck = self._rng.random()
        if luck < 0.3:
            return self._rng.choice(ROOTS)
        if luck < 0.9 and self._types:
            item = self._rng.choice([*self._types, *(made for made in others or () if made.kind == TYPE)])
            return item.client, item.clock
        return self._unit(others)

    def _key(self) -> str | None:
        return None if self._rng.random() < 0.35 else self._rng.choice(KEYS)

    def _any_client(self) -> int:
        return self._client if self._rng.random() < 0.85 else self._rng.choice([ADA, SERVER, *self._ends, 2**33 + 5])

    def _deletion(self) -> Deletion:
        client, clock = self._unit()
        return Deletion(client, clock, self._rng.choice([1, 1, 1, 2, 5, max(1, self._ends.get(client, 1) - clock)]))
