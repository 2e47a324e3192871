"""Whether the gate says of an update what yrs then does with it."""

import random
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from pycrdt import Doc, get_update

from jupyter_collab.depths import TypeDepths
from jupyter_collab.errors import CausalGap, InvalidUpdate
from jupyter_collab.gate import Author, Gate
from jupyter_collab.gate.shared_types import GONE, Place
from jupyter_collab.rooms.integrate import is_known
from jupyter_collab.yjs import state_vector

__all__ = ["Disagreement", "compare", "mutant", "mutated"]

MUTANTS = 3

RENEWED_EVERY = 7
"""So often a gate takes the place of another that knows only what is in the document now."""

ANYBODY = Author("anybody", lambda client_id: None)

TAKEN, GAP, REFUSED = "taken", "gap", "refused"


class Disagreement(AssertionError):
    """The gate says something else than yrs does; says which updates show it."""


def compare(history: Iterable[bytes], *, may_be_stricter: bool = False) -> Counter[str]:
    """Let a gate look at each update, and yrs apply it to a copy of the document; what is taken is then in both.

    Returns how often each verdict was given. If the gate ``may_be_stricter``, what it refuses is not given to yrs.

    Raises
    ------
    Disagreement
        They differ.
    """
    doc: Doc[Any] = Doc(client_id=2**31)
    gate = Gate(doc.get_update)
    depths = TypeDepths()
    verdicts: Counter[str] = Counter()
    taken: list[bytes] = []
    for update in history:
        verdict = said(gate, update)
        if may_be_stricter and verdict != TAKEN:
            verdicts[verdict] += 1
            continue
        outcome = done(doc, update)
        if verdict != outcome:
            raise Disagreement(f"the gate: {verdict}, yrs: {outcome}; {[u.hex() for u in [*taken, update]]}")
        verdicts[verdict] += 1
        if verdict == TAKEN:
            taken.append(update)
            _take(doc, gate, update)
            depths.take(update)
            if len(taken) % RENEWED_EVERY == 0:
                gate = gate.renewed(doc.get_update)
                gate.learn(doc.get_update())
    _require_same_clocks(doc, gate)
    _require_same_places(doc, gate)
    _require_same_depths(depths, gate)
    return verdicts


def said(gate: Gate, update: bytes) -> str:
    """What the gate says."""
    try:
        gate.check(update, ANYBODY)
    except CausalGap:
        return GAP
    except InvalidUpdate:
        return REFUSED
    return TAKEN


def done(doc: "Doc[Any]", update: bytes) -> str:
    """What yrs does to a copy of ``doc``; what it lacks afterwards was put aside."""
    copy: Doc[Any] = Doc(client_id=2**31)
    copy.apply_update(doc.get_update())
    try:
        copy.apply_update(update)
    except BaseException as error:  # pyo3 derives its panics from that
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        return REFUSED
    return TAKEN if lacks_nothing(copy, update) else GAP


def lacks_nothing(doc: "Doc[Any]", update: bytes) -> bool:
    """Whether ``doc`` has all insertions and deletions of ``update``, as yrs itself sees it."""
    return get_update(update, doc.get_state())[:1] == b"\x00" and is_known(doc, update)


def _take(doc: "Doc[Any]", gate: Gate, update: bytes) -> None:
    changes: list[bytes] = []
    subscription = doc.observe(lambda event: changes.append(event.update))
    admission = gate.check(update, ANYBODY)
    doc.apply_update(update)
    gate.commit(admission, changes, ANYBODY)
    doc.unobserve(subscription)
    if admission.is_news and not changes:
        raise Disagreement(f"news that changed nothing: {update.hex()}")


def _require_same_clocks(doc: "Doc[Any]", gate: Gate) -> None:
    if state_vector(doc.get_state()) != gate.clocks:
        raise Disagreement(f"other clocks: {gate.clocks}, yrs: {state_vector(doc.get_state())}")


def _require_same_places(doc: "Doc[Any]", gate: Gate) -> None:
    """Who reads the whole document knows nothing else of where its units stand than who saw them come one by one."""
    fresh = Gate(doc.get_update)
    fresh.learn(doc.get_update())
    for client, end in fresh.clocks.items():
        for clock in range(end):
            place, known = fresh.place_of((client, clock)), gate.place_of((client, clock))
            if place is not GONE and _path(place) != _path(known):
                raise Disagreement(f"{client}, {clock} stands in {_path(place)}, not in {_path(known)}")


def _require_same_depths(depths: TypeDepths, gate: Gate) -> None:
    """What clients count agrees with the gate, which knows more."""
    for client, end in gate.clocks.items():
        for clock in range(end):
            place = gate.place_of((client, clock))
            depth = depths.of((client, clock))
            if place is None or (place is not GONE and place.type.depth != depth):
                raise Disagreement(f"{client}, {clock} stands {depth} deep, not in {_path(place)}")


def _path(place: Place | None) -> list[tuple[str, str | None]]:
    path = []
    while place is not None:
        path.append((place.type.kind.name, place.key))
        place = place.type.owner
    return path


def mutated(history: Iterable[bytes], rng: random.Random) -> Iterator[bytes]:
    """``history`` with updates among it that are others with some bytes changed."""
    for update in history:
        yield update
        for _ in range(MUTANTS):
            yield mutant(update, rng)


def mutant(update: bytes, rng: random.Random) -> bytes:
    changed = bytearray(update)
    for _ in range(rng.choice([1, 1, 2, 3])):
        at = rng.randrange(len(changed) or 1)
        match rng.randrange(4):
            case 0:
                changed[at : at + 1] = bytes([rng.choice([0, 1, 2, 127, 128, 255])])
            case 1:
                del changed[at : at + 1]
            case 2:
                changed.insert(at, rng.randrange(256))
            case _:
                changed[at : at + 1] = bytes([changed[at] ^ 1 << rng.randrange(8)]) if changed else b"\x00"
    return bytes(changed)
