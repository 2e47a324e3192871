"""What a room's document says about its kernel and its cells."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pycrdt import Map

from ..document import RoomDocument, source_hash
from ..errors import CellNotFound, KernelNotFound, SourceChanged, TooManyRuns
from .contract import KernelSpec, KernelSpecs

__all__ = [
    "Code",
    "code_cells",
    "code_of",
    "forget_kernel",
    "has_former_mark",
    "require_spec",
    "set_spec",
    "wanted_spec",
]

FORMER_MARK = "kernel"
"""The key in the root type ``state`` that said which kernel runs; now the store does."""

MAY_FAIL_TAG = "raises-exception"
"""What notebooks call a cell that is meant to fail; nbclient and JupyterLab go on after it."""

CHANGED = "A cell was changed while you pressed Run, so nothing was run. Look at it, and run it again."
TOO_LONG = "The cells that wait to be run hold too much text together. Wait, cancel some, or run fewer at once."

NO_KERNEL = "There is no kernel '{}' on this server."


def has_former_mark(document: RoomDocument) -> bool:
    """Whether an earlier version left word of a kernel in the document."""
    state: Map[Any] = document.doc.get("state", type=Map)
    return FORMER_MARK in state


def require_spec(specs: KernelSpecs, name: str) -> KernelSpec:
    """The kernel of this name; ``KernelNotFound`` names those that there are."""
    spec = specs.by_name.get(name)
    if spec is None:
        known = ", ".join(sorted(specs.by_name)) or "none at all"
        why = "This server keeps the kernel '{}' out of rooms." if name in specs.kept_out else NO_KERNEL
        raise KernelNotFound(f"{why.format(name)} Choose one of: {known}.")
    return spec


def wanted_spec(specs: KernelSpecs, metadata: Mapping[str, Any]) -> KernelSpec:
    """The kernel that a notebook's metadata name, or else one for its language, or the default one.

    Raises
    ------
    KernelNotFound
        It is not installed here.
    """
    name = metadata.get("kernelspec", {}).get("name")
    if name:
        return require_spec(specs, name)
    language = str(metadata.get("language_info", {}).get("name", "")).lower()
    default = specs.by_name.get(specs.default)
    speaking = [spec for spec in specs.by_name.values() if spec.language.lower() == language]
    if speaking and (default is None or default not in speaking):
        return speaking[0]
    return require_spec(specs, specs.default)


def set_spec(document: RoomDocument, spec: KernelSpec) -> None:
    """Write the room's kernel and language into the notebook's metadata."""
    metadata = document.metadata
    language = metadata.get("language_info", {})
    if language.get("name") != spec.language:
        language = {"name": spec.language}
    kernelspec = {"name": spec.name, "display_name": spec.display_name, "language": spec.language}
    document.set_metadata({**metadata, "kernelspec": kernelspec, "language_info": language})


def code_cells(document: RoomDocument, wanted: Iterable[str] | Literal["all"]) -> list[str]:
    """Those of the ``wanted`` cells that are code, in the given order; ``CellNotFound`` for one that is not there."""
    types = document.cell_types
    chosen = list(types) if wanted == "all" else list(wanted)
    if missing := [cell_id for cell_id in chosen if cell_id not in types]:
        raise CellNotFound(f"The room has no cell {', '.join(missing[:5])}; it may have just been deleted.")
    return [cell_id for cell_id in chosen if types[cell_id] == "code"]


@dataclass(frozen=True, slots=True)
class Code:
    """What is to be run. ``may_fail``: the cell is tagged so that what follows is run all the same."""

    cell_id: str
    source: str
    may_fail: bool


def code_of(document: RoomDocument, cells: Iterable[str], hashes: Mapping[str, str], max_characters: int) -> list[Code]:
    """What code cells say, in the given order.

    ``hashes`` are those of the sources, of some of the cells or all, that the person who asks has before them.

    Raises
    ------
    SourceChanged
        One says something else than what they have before them.
    TooManyRuns
        Together they have more than ``max_characters``.
    """
    known: dict[str, Code] = {}
    found: list[Code] = []
    for cell_id in cells:
        if cell_id not in known:
            source = document.source(cell_id)
            if cell_id in hashes and hashes[cell_id] != source_hash(source):
                raise SourceChanged(CHANGED)
            known[cell_id] = Code(cell_id, source, MAY_FAIL_TAG in document.tags(cell_id))
        found.append(known[cell_id])
        max_characters -= len(known[cell_id].source)
        if max_characters < 0:
            raise TooManyRuns(TOO_LONG)
    return found


def forget_kernel(document: RoomDocument) -> None:
    """Mark the runs that the cells still show as running, though no kernel does, as aborted."""
    state: Map[Any] = document.doc.get("state", type=Map)
    if FORMER_MARK in state:
        del state[FORMER_MARK]
    there = set(document.cell_ids)
    for cell_id, word in document.words.items():
        if cell_id in there and isinstance(word.run, dict) and word.run.get("status") == "running":
            document.set_run_info(cell_id, {**word.run, "status": "aborted"})
