"""Who is here, and where: as the server says it."""

import json

import pytest

from jupyter_collab.client.replica.person import Person
from jupyter_collab.client.replica.presence_states import PresenceStates
from jupyter_collab.errors import MessageTooLarge, ProtocolError
from jupyter_collab.protocol import AwarenessEntry, build_awareness, parse_awareness, write_varuint

ME = {"username": "ada", "name": "Ada", "display_name": "Ada", "initials": "A", "color": "#0b6e4f", "role": "owner"}


@pytest.fixture
def told() -> list[int]:
    """One entry for each time that the presence said it changed."""
    return []


@pytest.fixture
def presence(told: list[int]) -> PresenceStates:
    presence = PresenceStates(lambda: told.append(1))
    presence.join(7, ME)  # type: ignore[arg-type]  # a plain dict where a TypedDict is wanted
    told.clear()
    return presence


def state_of(name: str, **fields: object) -> str:
    return json.dumps({"user": {"username": name.lower(), "name": name, "color": "#b3261e"}, **fields})


def hear(presence: PresenceStates, *entries: tuple[int, int, str]) -> None:
    presence.receive(build_awareness([AwarenessEntry(*entry) for entry in entries]))


def names(presence: PresenceStates) -> list[str]:
    return [person.name for person in presence.people]


def test_people_are_listed_this_client_first(presence: PresenceStates, told: list[int]) -> None:
    hear(presence, (1, 0, state_of("Zoe", cell="c1")), (2, 0, state_of("Ben")))
    assert names(presence) == ["Ada", "Ben", "Zoe"]
    assert [person.is_me for person in presence.people] == [True, False, False]
    assert presence.people[2].cell == "c1"
    assert told == [1]


def test_who_leaves_is_gone(presence: PresenceStates) -> None:
    hear(presence, (1, 0, state_of("Zoe")))
    hear(presence, (1, 1, "null"))
    assert names(presence) == ["Ada"]


def test_news_that_came_late_is_not_believed(presence: PresenceStates, told: list[int]) -> None:
    hear(presence, (1, 5, state_of("Zoe", cell="new")))
    told.clear()
    hear(presence, (1, 4, state_of("Zoe", cell="old")))
    assert presence.people[1].cell == "new"
    assert told == []


def test_what_says_nothing_new_is_not_told(presence: PresenceStates, told: list[int]) -> None:
    hear(presence, (1, 1, state_of("Zoe")))
    told.clear()
    hear(presence, (1, 2, state_of("Zoe")))
    assert told == []


def test_an_echo_of_ones_own_state_is_not_another_person(presence: PresenceStates) -> None:
    hear(presence, (7, 9, state_of("Ada")))
    assert names(presence) == ["Ada"]


def test_who_was_there_is_unknown_without_a_connection(presence: PresenceStates) -> None:
    hear(presence, (1, 5, state_of("Zoe")))
    presence.leave()
    assert names(presence) == ["Ada"]
    hear(presence, (1, 2, state_of("Zoe")))  # the server was restarted and may count anew
    assert names(presence) == ["Ada", "Zoe"]


def test_each_message_is_newer_than_the_one_before(presence: PresenceStates) -> None:
    presence.set_mine(cell="c1")
    entries = [parse_awareness(presence.message().payload, max_state_bytes=1_000, max_entries=1)[0] for _ in range(3)]
    assert [entry.client_id for entry in entries] == [7, 7, 7]
    assert entries[0].clock < entries[1].clock < entries[2].clock
    assert json.loads(entries[0].state) == {"cell": "c1", "cursor": None}


@pytest.mark.parametrize("state", ["{}", '{"user": 5, "cell": []}', '{"user": {"name": 5, "color": null}}'])
def test_a_state_of_another_shape_is_somebody_without_a_name(presence: PresenceStates, state: str) -> None:
    hear(presence, (1, 0, state))
    person = presence.people[1]
    assert (person.name, person.cell, person.avatar_url) == ("Anonymous", None, None)
    assert person.color.startswith("#")


@pytest.mark.parametrize("state", ["[]", "5", "not json", '"x"'])
def test_a_state_that_is_none_is_an_error(presence: PresenceStates, state: str) -> None:
    with pytest.raises(ProtocolError):
        hear(presence, (1, 0, state))


def test_a_claim_of_many_is_refused_before_it_is_believed(presence: PresenceStates) -> None:
    with pytest.raises(MessageTooLarge):
        presence.receive(write_varuint(10**8))


def test_initials_are_made_of_the_name_where_there_are_none() -> None:
    person = Person.of_state(1, {"user": {"display_name": "zoe"}})
    assert person.initials == "Z"


def test_a_guest_who_is_called_as_somebody_else_is_marked() -> None:
    guest = Person.of_state(7, {"user": {**ME, "kind": "guest"}})
    assert (guest.name, guest.shown_name, guest.is_guest) == ("Ada", "Ada (guest)", True)
    member = Person.of_state(7, {"user": {**ME, "kind": "server"}})
    assert (member.shown_name, member.is_guest) == ("Ada", False)
