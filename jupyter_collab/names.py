"""Names and titles as people write them."""

import re
import unicodedata

__all__ = ["MAX_SHOWN_CHARACTERS", "clean_name", "initials_of"]

MAX_SHOWN_CHARACTERS = 200
"""Of the name of somebody whom the Jupyter server or an owner names."""

BLANKS = dict.fromkeys(map(ord, "\u2800\u3164\uffa0\ufffc\U0001d159"), " ")
"""Letters and signs that look like a blank: of Braille, Hangul and music, and in place of an object."""

DEFAULT_IGNORABLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Unicode's ``Default_Ignorable_Code_Point`` (DerivedCoreProperties.txt): what is not drawn, if nothing else is made
of it. Python's ``unicodedata`` does not have it."""

REFUSED = frozenset(["Cc", "Cf", "Cs", "Zl", "Zp"])
"""Categories that hold no text: control and format characters (such as those that reverse text), halves of characters.

Characters that this Python does not know yet are not refused: each year there are new emoji.
"""

WITHOUT_MEANING = frozenset("\u00ad\u200b\u2060\ufeff\U000e0001")
"""Of those, the ones that change nothing in a name: taken out. Texts that are copied from pages bring them along."""

NON_JOINER, JOINER = "\u200c\u200d"
DIRECTIONS = frozenset("\u200e\u200f\u061c")
MONGOLIAN_FORMS = frozenset("\u180b\u180c\u180d\u180e\u180f")
EMOJI_FORM, KEYCAP = "\ufe0f", "\u20e3"
VIRAMA = 9
"""The canonical combining class of the signs that take away a consonant's vowel, at which Indic scripts join."""

TAGS = range(0xE0020, 0xE0080)
FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]+\U000e007f")
"""The flags of England, Scotland and Wales: a black flag, and tags up to the one that ends them."""


def clean_name(text: str, max_characters: int) -> str | None:
    """``text`` as a name: blanks around it are taken away and those between words count once.

    What cannot be seen is taken out, unless people need it where it stands: joiners in Persian, Hindi and emoji of
    families, variants of ideographs and emoji, marks of direction in Hebrew and Arabic. ``None`` if the name is empty
    or too long then, if nothing of it can be seen, or if it holds control characters or characters that turn the
    direction of what stands beside them.
    """
    name = " ".join("".join(filter(_may_mean_something, text.translate(BLANKS))).split())
    while len(name) <= 2 * max_characters and (needed := " ".join(_without_needless(name).split())) != name:
        name = needed
    return name if 0 < len(name) <= max_characters and _is_sound(name) and any(map(_is_seen, name)) else None


def initials_of(name: str) -> str:
    """The first characters that can be seen of the first two words of ``name``."""
    firsts = (next(filter(_is_seen, word), "") for word in name.split())
    return "".join([first for first in firsts if first][:2]).upper()


def _may_mean_something(character: str) -> bool:
    """Whether ``character`` is drawn, means something beside others, or is one for which a name is refused."""
    if character in WITHOUT_MEANING:
        return False
    return DEFAULT_IGNORABLE.match(character) is None or _may_be_needed(character) or _is_refused(character)


def _may_be_needed(character: str) -> bool:
    is_joiner = character in (NON_JOINER, JOINER)
    is_form = character in MONGOLIAN_FORMS or _is_variant(character)
    return is_joiner or is_form or character in DIRECTIONS or ord(character) in TAGS


def _is_refused(character: str) -> bool:
    return unicodedata.category(character) in REFUSED


def _is_sound(name: str) -> bool:
    return not any(_is_refused(character) and not _may_be_needed(character) for character in name)


def _is_seen(character: str) -> bool:
    is_drawn = character != " " and unicodedata.category(character) not in ("Cf", "Mn", "Me")
    return is_drawn and DEFAULT_IGNORABLE.match(character) is None


def _without_needless(name: str) -> str:
    """``name`` without what cannot be seen and does nothing where it stands."""
    is_turned = any(unicodedata.bidirectional(character) in ("R", "AL") for character in name if _is_seen(character))
    tags = {place for flag in FLAG.finditer(name) for place in range(*flag.span())}
    kept = ""
    for place, character in enumerate(name):
        if ord(character) in TAGS:
            is_needed = place in tags
        elif character in DIRECTIONS:
            is_needed = is_turned and kept[-1:] not in DIRECTIONS
        elif character in (NON_JOINER, JOINER):
            is_needed = _joiner_does_something(character, kept, name[place + 1 :])
        else:
            is_needed = not _may_be_needed(character) or _changes_form(
                character, kept[-1:], name[place + 1 : place + 2]
            )
        if is_needed:
            kept += character
    return kept


def _joiner_does_something(joiner: str, before: str, after: str) -> bool:
    """Whether a joiner, or what keeps letters from joining, changes how its neighbours look."""
    former, following = before[-1:], after[:1]
    if former in ("", NON_JOINER, JOINER):
        return former == "" and joiner == JOINER and _joins(following)
    if VIRAMA in (unicodedata.combining(former), following and unicodedata.combining(following)):
        return True
    letter = next((one for one in reversed(before) if unicodedata.category(one) != "Mn"), "")
    if joiner == NON_JOINER:
        return _joins(letter) and _joins(following)
    return _joins(letter) or _joins(following) or (_is_picture(former) and _is_picture(following))


def _changes_form(variant: str, former: str, following: str) -> bool:
    """Whether ``variant`` is one that the character before it may have."""
    if former in ("", EMOJI_FORM):
        return False
    if variant in MONGOLIAN_FORMS:
        return unicodedata.name(former, "").startswith("MONGOLIAN")
    if former in "#*0123456789":
        return variant == EMOJI_FORM and following == KEYCAP
    return _is_picture(former) or unicodedata.name(former, "").startswith(("CJK", "MYANMAR", "PHAGS-PA"))


def _joins(letter: str) -> bool:
    """Whether letters of this script join: Arabic, Syriac, N'Ko, Mongolian and their like."""
    if not letter or not _is_seen(letter):
        return False
    scripts = ("MONGOLIAN", "PHAGS-PA", "NKO", "MANDAIC", "ADLAM", "HANIFI")
    return unicodedata.bidirectional(letter) == "AL" or unicodedata.name(letter, "").startswith(scripts)


def _is_picture(character: str) -> bool:
    """Whether this is a part of an emoji, perhaps one that this Python does not know yet."""
    if not character:
        return False
    is_sign = unicodedata.category(character) in ("So", "Sm", "Sk", "Po", "Pd", "Cn") and not character.isascii()
    return is_sign or character in (EMOJI_FORM, KEYCAP)


def _is_variant(character: str) -> bool:
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
