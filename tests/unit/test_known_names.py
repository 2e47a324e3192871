"""What the kernel hears, and what is answered, when only names are to be completed."""

import pytest

from jupyter_collab.kernels.known_names import name_before, only_names


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("pri", "pri"), ("print(x.real.bit", "x.real.bit"), ("größe_der", "größe_der"), ("a.", "a."),
        ("x = [y[0].z", "z"),
        ('open("', ""), ('"/etc/', ""), ('"/etc/pa', "pa"), ("1", ""), ("%cd ", ""), ("import os", "os"), ("a\n", ""),
    ],
)  # fmt: skip
def test_the_kernel_hears_of_the_name_alone(code: str, name: str) -> None:
    assert name_before(code + "rest", len(code)) == name


def test_what_is_a_file_or_no_name_is_not_answered() -> None:
    types = [
        {"text": "secret", "type": "path"},
        {"text": "folder", "type": "<unknown>"},
        {"text": "x", "type": "instance"},
    ]
    matches = ["secret", "folder", "x", "notes.txt/", "/etc", "~", "a b", "key=", ".real", "push!", "x.y"]
    reply = {
        "status": "ok", "matches": matches, "cursor_start": 0, "cursor_end": 3,
        "metadata": {"_jupyter_types_experimental": types},
    }  # fmt: skip
    answered = only_names(reply, 7)
    assert answered["matches"] == ["x", "key=", ".real", "push!", "x.y"]
    assert (answered["cursor_start"], answered["cursor_end"], answered["metadata"]) == (7, 10, {})
