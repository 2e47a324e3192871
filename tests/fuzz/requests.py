"""Send a made-up request just as it is, with no library that tidies it up, and see to its answer."""

import http.client
import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ..servers import RunningServer
from .running import require

__all__ = ["Answer", "encoded", "send"]

ANSWER_SECONDS = 90.0


@dataclass(frozen=True)
class Answer:
    """A status and a body."""

    status: int
    body: bytes

    @property
    def text(self) -> str:
        """The body."""
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        """What the body says."""
        return json.loads(self.body)


def send(server: RunningServer, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Answer:
    """What the server answers.

    Raises
    ------
    Broken
        It fails, or refuses without saying why.
    """
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=ANSWER_SECONDS)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value.encode("latin-1", "replace"))
        if body or method not in ("GET", "HEAD", "DELETE"):
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders()
        with suppress(BrokenPipeError, ConnectionResetError):  # it was refused before it was read; the answer is there
            connection.send(body)
        response = connection.getresponse()
        answer = Answer(response.status, response.read())
    except (TimeoutError, http.client.HTTPException) as error:
        raise AssertionError(f"{method} {path[:200]} was not answered: {error!r}") from error
    finally:
        connection.close()
    require(answer.status < 500, f"{method} {path[:200]}: {answer.status} {answer.text[:300]}")
    if answer.status >= 400 and method != "HEAD":
        _require_reason(answer, f"{method} {path[:200]}")
    return answer


def _require_reason(answer: Answer, what: str) -> None:
    try:
        told = answer.json()
    except ValueError:
        told = None
    said = told.get("message") if isinstance(told, dict) else None
    require(isinstance(said, str) and len(said) > 10, f"{what}: {answer.status} without a message: {answer.text[:200]}")


def encoded(text: str, encoding: str) -> bytes:
    """``text`` in an encoding, halves of characters and all."""
    errors = "surrogatepass" if encoding.startswith("utf") and encoding != "utf-7" else "replace"
    return text.encode(encoding, errors)
