"""A body that is not what the specification says is refused, in a sentence that says what to send."""

from typing import Any

import pytest

from jupyter_collab.errors import ContentError
from jupyter_collab.server.schemas import check_body


@pytest.mark.parametrize(
    ("operation", "body", "said"),
    [
        ("setRole", {}, "Give role."),
        ("setRole", {"role": "boss"}, "role must be one of viewer, runner, writer, editor, owner."),
        ("setRole", {"role": None}, "role must be one of viewer, runner, writer, editor, owner."),
        ("setRole", {"role": "viewer", "x": 1, "a": 2}, "There is no a, x here; give role, display_name."),
        ("setRole", {"role": "viewer", "display_name": 3}, "display_name must be text or null."),
        ("renameRoom", {}, "Give title or server_role."),
        ("renameRoom", {"title": None}, "title must be text."),
        ("renameRoom", {"title": "a" * 201}, "title must have at most 200 characters."),
        (
            "renameRoom",
            {"server_role": "boss"},
            "server_role must be one of viewer, runner, writer, editor, owner, null.",
        ),
        ("invite", {"max_uses": 0}, "max_uses must be at least 1."),
        ("invite", {"max_uses": 10**400}, "max_uses must be at most 1,000,000."),
        ("invite", {"max_uses": True}, "max_uses must be a whole number or null."),
        ("invite", {"max_uses": 1.5}, "max_uses must be a whole number or null."),
        ("invite", {"needs_approval": None}, "needs_approval must be true or false."),
        ("invite", {"password": ""}, "password must not be empty."),
        ("runCells", {}, "Give cells."),
        ("runCells", {"cells": "some"}, 'Give the ids of the cells (at most 10,000), or "all".'),
        ("runCells", {"cells": [1]}, 'Give the ids of the cells (at most 10,000), or "all".'),
        ("runCells", {"cells": ["a"] * 10_001}, 'Give the ids of the cells (at most 10,000), or "all".'),
        ("runCells", {"cells": "all", "hashes": {"a": 1}}, "hashes.a must be text."),
        ("answerInput", {"run": "1"}, "Give value."),
        ("answerInput", {"run": "1", "value": ""}, "run must be a whole number."),
        ("inspectCode", {"code": "a", "cursor_pos": 0, "detail_level": True}, "detail_level must be one of 0, 1."),
        ("inspectCode", {"code": "a", "cursor_pos": -1}, "cursor_pos must be at least 0."),
        ("previewInvitation", {}, "Give the invitation's token, or its code."),
        ("previewInvitation", {"token": "a", "code": "b"}, "Give the invitation's token, or its code."),
        ("join", {"code": "a", "name": "Ada", "x": 1}, "There is no x here; give token, code, name, password."),
        ("join", {"name": "Ada"}, "Give the invitation's token, or its code."),
        ("signIn", {}, "Give email and password."),
        ("changePassword", {"old": "a"}, "Give new."),
        ("changePassword", {"old": "a", "new": "short"}, "new must have at least 10 characters."),
    ],
)
def test_what_is_wrong_is_said(operation: str, body: dict[str, Any], said: str) -> None:
    with pytest.raises(ContentError) as refused:
        check_body(operation, body)
    assert str(refused.value) == said


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("setRole", {"role": "viewer", "display_name": "数学"}),
        ("renameRoom", {"title": "数学の部屋"}),
        ("join", {"token": None, "code": "ABCD-1234", "name": "Zoë", "password": None}),
        ("invite", {}),
        ("invite", {"expires_in_seconds": 60.0, "max_uses": None}),
        ("runCells", {"cells": [], "hashes": {}}),
    ],
)
def test_what_is_right_is_taken(operation: str, body: dict[str, Any]) -> None:
    check_body(operation, body)
