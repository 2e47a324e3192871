"""Names and titles: everything that people write, and nothing that hides what it says."""

import json
import re
from pathlib import Path

import pytest

from jupyter_collab.errors import ContentError, RoomError
from jupyter_collab.names import clean_name
from jupyter_collab.people import MAX_NAME_CHARACTERS, check_name
from jupyter_collab.rooms.manager import MAX_TITLE_CHARACTERS, check_title

ROOT = Path(__file__).parents[2]

WRITTEN = [
    "👩‍🏫 Lecture 1",
    "علی‌رضا",
    "क्‍ष",
    "🏴󠁧󠁢󠁥󠁮󠁧󠁿 team",
    "👨‍👩‍👧‍👦",
    "🏳️‍🌈",
    "דוד\u200f (2)",
    "Ngô Bảo Châu",
    "José",
    "林 さん",
    "O'Neil-Smith, Jr.",
    "\U0001fae8 shaken",
]


@pytest.mark.parametrize("name", WRITTEN)
def test_what_people_write_is_a_name_and_a_title(name: str) -> None:
    assert check_name(name) == name
    assert check_title(name) == name


@pytest.mark.parametrize(
    "name", ["a\x07b", "a\x1bb", "a\u202eb", "a\u2066b\u2069", "\ud800", "\u200d", "", "  ", "\u0301"]
)
def test_what_hides_what_it_says_is_refused(name: str) -> None:
    with pytest.raises(ContentError, match="name"):
        check_name(name)
    with pytest.raises(RoomError, match="title"):
        check_title(name)


def test_blanks_count_once_and_what_nobody_sees_is_taken_out() -> None:
    assert clean_name("\ufeff  Ada\u00a0 \n Love\u200blace ", 60) == "Ada Lovelace"


def test_a_name_has_a_greatest_length() -> None:
    assert clean_name("😀" * 60, 60) == "😀" * 60
    assert clean_name("a" * 61, 60) is None


def test_forms_and_specification_let_through_what_the_server_takes() -> None:
    join = (ROOT / "labextension" / "page" / "join.ts").read_text()
    title = (ROOT / "labextension" / "src" / "pane" / "title.ts").read_text()
    specification = (ROOT / "jupyter_collab" / "server" / "openapi.yaml").read_text()
    assert re.findall(r"maxlength: '(\d+)'", join[join.index("name: 'name'") :])[0] == str(MAX_NAME_CHARACTERS)
    assert re.findall(r"maxlength: '(\d+)'", title) == [str(MAX_TITLE_CHARACTERS)]
    assert json.dumps(MAX_NAME_CHARACTERS) in re.findall(r"maxLength: (\d+)", specification)
    assert f"title: {{ type: string, minLength: 1, maxLength: {MAX_TITLE_CHARACTERS} }}" in specification
