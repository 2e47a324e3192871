"""What a room's document says about its kernel and its cells."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pycrdt import Map

from ..document import RoomDocument
from ..errors import CellNotFound, KernelNotFound
from .contract import KernelSpec, KernelSpecs

__all__ = [
    "Code",
    "code",
    "code_cells",
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
    """What is to be run. ``may_fail``: it is tagged so that what follows is run all the same."""

    source: str
    may_fail: bool


def code(document: RoomDocument, cell_id: str) -> Code | None:
    """What a code cell says; ``None`` if it is gone or no code any more."""
    if not document.is_code(cell_id):
        return None
    return Code(document.source(cell_id), MAY_FAIL_TAG in document.tags(cell_id))


def forget_kernel(document: RoomDocument) -> None:
    """Mark the runs that the cells still show as running, though no kernel does, as aborted."""
    state: Map[Any] = document.doc.get("state", type=Map)
    if FORMER_MARK in state:
        del state[FORMER_MARK]
    there = set(document.cell_ids)
    for cell_id, word in document.words.items():
        if cell_id in there and isinstance(word.run, dict) and word.run.get("status") == "running":
            document.set_run_info(cell_id, {**word.run, "status": "aborted"})
