"""What can go wrong on a client's side only, and the server's words turned back into errors.

::

    CollabError
     +-- ClientError
          +-- ServerNotFound      no Jupyter server with jupyter_collab could be found
          +-- ServerUnreachable   the server does not answer, or not as a Jupyter server does
          +-- SignInRefused       the server does not accept the token
          +-- EditsNotSaved       edits were kept out of the room; their text is in ``room.unsent``
          +-- DocumentDiverged    the document here was no longer the room's, which was fetched again
          +-- RoomClosed          the room was closed on this side
          +-- CellDeleted         the cell was deleted; what was to be written into it is in ``error.text``
          +-- CannotRun           a shared cell cannot be run here
          +-- CellFailed          a shared cell was run, here or on its room's kernel, and failed
"""

from collections.abc import Iterator

from ..errors import CloseCode, CollabError, ProtocolError, RoomError

__all__ = [
    "CannotRun",
    "CellDeleted",
    "CellFailed",
    "ClientError",
    "DocumentDiverged",
    "EditsNotSaved",
    "RoomClosed",
    "RoomDeleted",
    "ServerNotFound",
    "ServerUnreachable",
    "SignInRefused",
    "error_of_close",
    "error_of_reason",
]


class ClientError(CollabError):
    """Something on the client's side."""

    reason = "client_error"


class ServerNotFound(ClientError):
    """No Jupyter server with jupyter_collab could be found. The message lists what was tried."""

    reason = "server_not_found"


class ServerUnreachable(ClientError):
    """The server does not answer, or not as a Jupyter server with jupyter_collab does."""

    reason = "server_unreachable"


class SignInRefused(ClientError):
    """The server does not accept the token."""

    status = 403
    reason = "sign_in_refused"


class EditsNotSaved(ClientError):
    """Edits were kept out of the room; their text is in ``room.unsent``."""

    reason = "edits_not_saved"


class DocumentDiverged(ClientError):
    """The document here had come to differ from the room's, which was fetched again; see ``room.unsent``."""

    reason = "diverged"


class RoomClosed(ClientError):
    """The room was closed on this side."""

    reason = "room_closed"


class CellDeleted(ClientError, KeyError):
    """The cell was deleted.

    Attributes
    ----------
    text
        What was to be written into it; ``None`` if it was only to be read.
    """

    reason = "cell_deleted"

    def __init__(self, message: str, text: str | None = None) -> None:
        super().__init__(message)
        self.text = text

    def __str__(self) -> str:
        return str(self.args[0])


class CannotRun(ClientError):
    """A shared cell cannot be run here."""

    reason = "cannot_run"


class CellFailed(ClientError):
    """A shared cell was run, and failed. Where that was here, its error is the cause, and IPython has shown it."""

    reason = "cell_failed"

    def _render_traceback_(self) -> list[str]:
        """What IPython shows: the failed cell's own traceback is there already, or in the room."""
        return [str(self)]


class RoomDeleted(RoomError):
    """The room was put into the bin; an owner can restore it."""

    code = CloseCode.ROOM_DELETED
    status = 404
    reason = "room_deleted"


def _all_errors(base: type[CollabError]) -> Iterator[type[CollabError]]:
    for error in base.__subclasses__():
        yield error
        yield from _all_errors(error)


def error_of_reason(reason: str, message: str) -> CollabError:
    """The error whose ``reason`` the server named; a bare :class:`CollabError` for a word we do not know."""
    for error in _all_errors(CollabError):
        if error.reason == reason:
            return error(message)
    return CollabError(message)


def error_of_close(code: int, close_reason: str) -> CollabError:
    """The error behind a websocket close: ``close_reason`` is ``reason: what to do``, and may be empty."""
    word, _, advice = close_reason.partition(":")
    message = advice.strip() or close_reason or f"The server closed the connection (code {code})."
    if code == CloseCode.UNSUPPORTED:
        return error_of_reason("unsupported_message", message)
    if code == CloseCode.MALFORMED and word == "malformed":
        return ProtocolError(message)
    return error_of_reason(word, message)
