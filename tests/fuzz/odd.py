"""Texts, numbers and JSON that programs trip over, as hypothesis makes them; and texts of parts that repeat."""

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

__all__ = ["JSON_TEXTS", "ODD_TEXTS", "ODD_VALUES", "Pieces", "joined", "json_text", "pieces"]

Pieces = list[list[Any]]
"""Parts of a text, each with how often it is repeated: so what is long is short in a file."""

ODD_TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            *(
                "",
                "\0",
                "a\0b",
                "\ud800",
                "\udc00x",
                "\ufeff",
                "\uffff",
                "\u202e",
                "\u2028",
                "\x85",
                "\r",
                "\r\n",
                "\x1b[",
            ),
            *("🦜", "🧑‍🚀", "e\u0301", "İ", "ﬀ", "ß", "٣", "Ⅷ", "a" * 300, "🦜" * 300, " ", "\t", "\n" * 200),
            *(
                "__proto__",
                "constructor",
                "../..",
                "%00",
                "%2e%2e%2f",
                "<b>",
                "{{x}}",
                "null",
                "NaN",
                "true",
                "0",
                "-1",
            ),
            *("code", "markdown", "raw", "ipynb", "owner", "viewer", "all", "server:ada", "guest:x", "demo"),
        ]
    ),
)

NUMBERS = st.one_of(
    st.sampled_from(
        [0, -1, 1, 4, 5, 0.5, -0.0, 1e308, 5e-324, 2**31, 2**53, 2**53 + 1, 2**63, -(2**63) - 1, 2**64, 10**30]
    ),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
)

RAW = {
    "\0deep list": "[" * 900 + "]" * 900,
    "\0deeper list": "[" * 60_000 + "]" * 60_000,
    "\0deep object": '{"a":' * 900 + "1" + "}" * 900,
    "\0unclosed": "[" * 60_000,
    "\0nan": "NaN",
    "\0infinity": "-Infinity",
    "\0too large": "1e999",
    "\0digits": "9" * 5_000,
    "\0twice": '{"a": 1, "a": [2]}',
    "\0half": '"\\ud83e"',
    "\0wide": "[" + "0," * 20_000 + "0]",
    "\0keys": "{" + ",".join(f'"{number}":0' for number in range(5_000)) + "}",
    "\0long": '"' + "x" * 100_000 + '"',
}
"""What stands in a value for JSON that no value is written as, or that is long."""

ODD_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, ODD_TEXTS, st.sampled_from([*RAW])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(ODD_TEXTS, inner, max_size=3)),
    max_leaves=5,
)


def json_text(value: Any) -> str:
    """``value`` as JSON, with what stands for something in its place."""
    text = json.dumps(value)
    for name, raw in RAW.items():
        text = text.replace(json.dumps(name), raw)
    return text


JSON_TEXTS = ODD_VALUES.map(json_text)


def pieces(
    parts: Sequence[str], most: int = 12, times: Sequence[int] = (1, 1, 1, 1, 3, 40)
) -> st.SearchStrategy[Pieces]:
    """Some of ``parts``, or odd texts, one after the other."""
    part = st.one_of(st.sampled_from(parts), st.sampled_from(parts), ODD_TEXTS)
    return st.lists(st.tuples(part, st.sampled_from(times)).map(list), max_size=most)


def joined(found: Pieces) -> str:
    """The whole text."""
    return "".join(part * times for part, times in found)
