"""Names and titles: everything that people write, and nothing that hides what it says."""

import itertools
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_collab.access import UserKind, person
from jupyter_collab.errors import ContentError, RoomError
from jupyter_collab.names import DEFAULT_IGNORABLE, clean_name, initials_of
from jupyter_collab.people import MAX_NAME_CHARACTERS, check_email, check_name
from jupyter_collab.rooms.manager import MAX_TITLE_CHARACTERS, check_title

ROOT = Path(__file__).parents[2]

WRITTEN = [
    "👩‍🏫 Lecture 1",
    "علی‌رضا",
    "لِ‌مَ",
    "کتاب‌ها",
    "ه\u200d",
    "क्‍ष",
    "क्‌ष",
    "ක්‍ෂ",
    "র‌্যাব",
    "ರ‍್ಕ",
    "ന്‍",
    "ခင်မောင်",
    "សុខា",
    "ཀརྨ་པ",
    "ᠮᠣᠩᠭᠣᠯ",
    "ᠠ᠋ᠳᠡ",
    "ᠬᠠᠭᠠᠨ᠎ᠠ",
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f team",
    "👨‍👩‍👧‍👦",
    "👩🏽‍❤️‍💋‍👨🏻",
    "🏳️‍🌈",
    "🏴‍☠️",
    "👁️‍🗨️",
    "❤️",
    "1️⃣ first",
    "#️⃣",
    "©️ Ada",
    "דוד\u200f (2)",
    "שָׁלוֹם",
    "محمد",
    "ምንም",
    "สมชาย",
    "Ngô Bảo Châu",
    "José",
    "Jose\u0301",
    "Ιωάννης",
    "Наталія",
    "გიორგი",
    "Հայկ",
    "林 さん",
    "葛󠄀城",
    "김민준",
    "한글",
    "ᄒᆞᆫ글",
    "ஸ்ரீ",
    "O'Neil-Smith, Jr.",
    "\U0001fae8 shaken",
    "⠁⠙⠁",
    "x² ± 1 → ∞",
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


NOBODY_SEES = {
    "a Hangul filler": "\u3164",
    "a narrow one": "\uffa0",
    "those of syllables": "\u115f\u1160",
    "a blank of Braille": "\u2800",
    "tags": "\U000e0041\U000e0064\U000e0061",
    "a tag for a language": "\U000e0001",
    "a joiner of graphemes": "\u034f",
    "variants": "\ufe0f\ufe00\U000e0100",
    "forms of Mongolian": "\u180b\u180e",
    "vowels of Khmer": "\u17b4\u17b5",
    "joiners": "\u200c\u200d",
    "marks of direction": "\u200e\u200f\u061c",
    "a null note": "\U0001d159",
    "no object": "\ufffc",
    "not assigned": "\ufff0\U000e0fff",
}


@pytest.mark.parametrize("unseen", NOBODY_SEES.values(), ids=NOBODY_SEES)
def test_what_cannot_be_seen_is_no_name_and_makes_no_other_one(unseen: str) -> None:
    assert clean_name(unseen, 60) is None
    for part, place in itertools.product((unseen, *unseen), range(4)):
        seen = clean_name("Ada"[:place] + part + "Ada"[place:], 60)
        assert seen is not None
        assert seen.replace(" ", "") == "Ada"
    with pytest.raises(ContentError):
        check_email(f"ada{unseen}@example.org")


def test_the_same_mark_twice_is_seen_once() -> None:
    assert clean_name("ד\u200f\u200f(2)", 60) == "ד\u200f(2)"
    assert clean_name("س\u200c\u200cس", 60) == "س\u200cس"
    assert clean_name("❤\ufe0f\ufe0f", 60) == "❤\ufe0f"


LETTERS = st.sampled_from("aZ1 #*.سلىدכ(葛क्रব্한ᠠ❤☠👩🏽🏴⃣\u0301") | st.characters(exclude_categories=[])
INVISIBLE = st.sampled_from("".join(NOBODY_SEES.values()) + "\u00ad\u200b\u2060\ufeff\u2066\u202e\U000e007f\x07\ud800")


@given(st.text(LETTERS | INVISIBLE, max_size=20))
def test_a_name_is_clean_and_has_something_to_see(text: str) -> None:
    name = clean_name(text, 60)
    if name is not None:
        assert clean_name(name, 60) == name
        assert name == " ".join(name.split())
        assert not set(name) & set("\u3164\uffa0\u115f\u1160\u2800\u034f\u00ad\u200b\u2060\ufeff\u2066\u202e\x07\ud800")
        assert initials_of(name).strip(), "an avatar is not empty"


@given(
    st.text(
        st.characters(categories=["L", "N"], max_codepoint=0x2FFF, exclude_characters="".join(NOBODY_SEES.values())),
        min_size=1,
        max_size=20,
    )
)
def test_letters_and_digits_of_every_script_are_kept(text: str) -> None:
    assert clean_name(text, 60) == text


@given(st.text(INVISIBLE))
def test_of_what_cannot_be_seen_no_name_is_made(text: str) -> None:
    assert clean_name(text, 60) is None


def test_nothing_that_is_not_drawn_stands_between_latin_letters() -> None:
    for character in filter(DEFAULT_IGNORABLE.match, map(chr, range(0x110000))):
        assert clean_name(f"A{character}B", 60) in ("AB", "A B", None), ascii(character)


def test_an_avatar_shows_what_can_be_seen() -> None:
    assert initials_of("\u200fדוד כהן") == "דכ"
    assert initials_of("\u0301 Ada L. King") == "AL"
    assert person(UserKind.GUEST, "g", "\u200fדוד").initials == "ד"
