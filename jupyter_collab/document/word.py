"""The server's word in a cell: who ran it, when, and how that ended; and so that its outputs are those of that run.

``metadata.jupyter_collab.run`` says it. People may put outputs into a cell, and the number before it: a cell that they
paste or import may have been run elsewhere. Then ``put`` in the cell says who did that, and no run does. It is no part
of the metadata, as it is no part of a notebook that is exported and imported again.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pycrdt import Map, ReadTransaction, Transaction

from .cells import is_sound
from .pycrdt_internals import read_value, read_value_in
from .run_info import OWN, PUT, RUN, STATE
from .trust import METADATA
from .values import canonical, to_plain

__all__ = ["Word", "forget_word", "keep_word", "word_of"]

COUNT = "execution_count"


class Word(NamedTuple):
    """What a cell says of its runs; ``run`` as it is there."""

    count: Any = None
    run: Any = None
    put: Any = None


def word_of(cell: "Map[Any]", transaction: "Transaction | ReadTransaction") -> Word:
    """What ``cell`` says."""
    count, put = _count(read_value(cell, transaction, COUNT)), to_plain(read_value(cell, transaction, PUT))
    own = read_value_in(cell, transaction, METADATA, OWN)
    if isinstance(own, Map):
        own = to_plain(own)
    return Word(count, own.get(RUN) if isinstance(own, dict) else None, put)


def _count(value: object) -> Any:
    """A number, or whatever else is there; pages may show also what is no plain value, such as bytes."""
    plain = to_plain(value)
    return repr(type(value)) if plain is None and value is not None else plain


def keep_word(cell: "Map[Any]", before: Word, by: Mapping[str, str], *, has_new_outputs: bool) -> None:
    """Somebody has edited ``cell``, which said ``before``: let it say what is true.

    ``by`` is the person, as ``by``, ``username`` and ``kind``; ``has_new_outputs`` says whether they put any into the
    cell, or took a part of them away: "not passed" without its "not" is no run's output.
    """
    with cell.doc.transaction() as transaction:
        now = word_of(cell, transaction)
    has_outputs = is_sound(cell.get("outputs")) and len(cell["outputs"]) > 0
    has_new_count = now.count is not None and now.count != before.count
    if has_new_count or (has_new_outputs and has_outputs):
        _say(cell, None, dict(by))
    else:
        _say(cell, before.run, before.put)
    if to_plain(cell.get(STATE)) not in (None, "idle"):
        cell[STATE] = "idle"


def forget_word(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata of a cell that comes from elsewhere, without what another server, or nobody, said there."""
    own = metadata.get(OWN)
    if not isinstance(own, Mapping) or RUN not in own:
        return dict(metadata)
    rest = {key: value for key, value in own.items() if key != RUN}
    others = {key: value for key, value in metadata.items() if key != OWN}
    return {**others, OWN: rest} if rest else others


def _say(cell: "Map[Any]", run: Any, put: Any) -> None:
    if canonical(to_plain(cell.get(PUT))) != canonical(put):
        if put is None:
            del cell[PUT]
        else:
            cell[PUT] = put
    own = _own(cell)
    wanted = {key: value for key, value in own.items() if key != RUN}
    if run is not None:
        wanted[RUN] = to_plain(run)
    if canonical(own) != canonical(wanted):
        _set_own(cell["metadata"], wanted)


def _set_own(metadata: "Map[Any]", own: Mapping[str, Any]) -> None:
    if own:
        metadata[OWN] = dict(own)
    elif OWN in metadata:
        del metadata[OWN]


def _own(cell: "Map[Any]") -> dict[str, Any]:
    metadata = cell.get("metadata")
    own = to_plain(metadata.get(OWN)) if isinstance(metadata, Map) else None
    return own if isinstance(own, dict) else {}
