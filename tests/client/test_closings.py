"""What a client does when the server ends the connection: the table that the TypeScript side runs too."""

import json
from pathlib import Path
from typing import Any

import pytest

from jupyter_collab.client.http.refusal import error_of_close
from jupyter_collab.client.replica.backoff import Verdict, verdict_of

VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "wire.json").read_text(encoding="utf-8"))
ACTIONS = {"retry": Verdict.RETRY, "retake": Verdict.START_ANEW, "stop": Verdict.STOP}


@pytest.mark.parametrize("vector", VECTORS["closings"], ids=lambda vector: vector["reason"])
def test_each_close_has_its_error_and_what_follows(vector: dict[str, Any]) -> None:
    error = error_of_close(vector["code"], vector["text"])
    assert f"{error.reason}: {error}" == vector["text"]
    assert verdict_of(vector["code"]) is ACTIONS[vector["action"]]
