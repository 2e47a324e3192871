"""Histories of updates, as a server may hear them: made by npm's Yjs, and by pycrdt."""

import json
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pycrdt import Array, Doc, Map, Text, merge_updates

from ..interop.npm import node_path

__all__ = ["histories_of_pycrdt", "histories_of_yjs", "is_yjs_here"]

SCRIPT = (Path(__file__).parent / "updates.mjs").read_text()
LABEXTENSION = Path(__file__).resolve().parents[2] / "labextension"

STEPS = 40


def is_yjs_here() -> bool:
    """Whether the npm packages of labextension are installed."""
    return (LABEXTENSION / "node_modules" / "yjs").is_dir()


def histories_of_yjs(first: int, count: int) -> Iterator[list[bytes]]:
    """Those of the seeds from ``first`` on."""
    node = shutil.which("node", path=node_path())
    assert node is not None
    with subprocess.Popen(
        [node, "--input-type=module", "-e", SCRIPT, "--", str(first), str(count), str(STEPS)],
        cwd=LABEXTENSION,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            yield [bytes.fromhex(update) for update in json.loads(line)]
    assert process.returncode == 0


def histories_of_pycrdt(first: int, count: int) -> Iterator[list[bytes]]:
    """Those of the seeds from ``first`` on."""
    for seed in range(first, first + count):
        yield _history(random.Random(seed))


def _history(rng: random.Random) -> list[bytes]:
    docs = [_Person(rng, 1 + rng.randrange(2**21) * 10 + number) for number in range(rng.randint(2, 3))]
    heard: list[bytes] = []
    held: list[bytes] = []
    for _ in range(STEPS):
        person, other = rng.choice(docs), rng.choice(docs)
        for update in person.act():
            luck = rng.random()
            if luck < 0.993:
                (held if luck < 0.1 else heard).append(update)
        luck = rng.random()
        if luck < 0.2:
            other.hear(person.doc.get_update(other.doc.get_state()))
        elif luck < 0.27 and held:
            heard.append(merge_updates(*held))
            held.clear()
        elif luck < 0.32:
            heard.append(person.doc.get_update(other.doc.get_state()))
        elif luck < 0.34:
            heard.append(person.doc.get_update())
        elif luck < 0.38 and len(heard) > 2:
            heard.append(merge_updates(*rng.sample(heard, 3)))
    return heard


class _Person:
    """Somebody with pycrdt."""

    def __init__(self, rng: random.Random, client_id: int) -> None:
        self._rng = rng
        self.doc: Doc[Any] = Doc(client_id=client_id)
        self._text: Text = self.doc.get("t", type=Text)
        self._array: Array[Any] = self.doc.get("a", type=Array)
        self._map: Map[Any] = self.doc.get("m", type=Map)
        self._said: list[bytes] = []
        self._is_hearing = False
        self.doc.observe(lambda event: None if self._is_hearing else self._said.append(event.update))

    def hear(self, update: bytes) -> None:
        """Take in what others have."""
        self._is_hearing = True
        self.doc.apply_update(update)
        self._is_hearing = False

    def act(self) -> list[bytes]:
        """Do something; returns the updates."""
        with self.doc.transaction():
            for _ in range(self._rng.choice([1, 1, 1, 3])):
                self._rng.choice([self._write, self._write, self._delete, self._format, self._list, self._set])()
        said, self._said = self._said, []
        return said

    def _write(self) -> None:
        at = self._rng.choice([0, len(self._text)])
        self._text.insert(at, self._rng.choice(["a", "bc", "\n", "words and words"]))

    def _delete(self) -> None:
        if len(self._array):
            del self._array[self._rng.randrange(len(self._array))]
        elif len(self._text):
            self._text.clear()

    def _format(self) -> None:
        if len(self._text):
            self._text.format(0, len(self._text), {"bold": True})

    def _list(self) -> None:
        value = self._rng.choice([1, "x", None, [1, 2], {"a": 1.5}, Map({"k": Text("deep")}), Array([1, Map()])])
        if isinstance(value, Map | Array):
            value = Map({"k": Text("deep")}) if isinstance(value, Map) else Array([1, Map()])
        self._array.insert(self._rng.randint(0, len(self._array)), value)

    def _set(self) -> None:
        key = self._rng.choice("klm")
        if key in self._map and self._rng.random() < 0.3:
            del self._map[key]
        else:
            self._map[key] = self._rng.choice([1, "word", True, {"a": [1]}])
