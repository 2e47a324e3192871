"""What the server has against something, in its words, turned back into errors."""

from collections.abc import Iterator

from ...errors import CloseCode, CollabError, ProtocolError

__all__ = ["error_of_close", "error_of_reason"]


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
