"""The errors of this package, with their codes on the wire.

::

    CollabError                      base of all errors of this package
     +-- RoomError                   about one room
     |    +-- InvalidRoomId          the id is not valid for a room
     |    +-- RoomNotFound           no such room (or it is in the bin)
     |    +-- RoomDeleted            the room was moved into the bin; an owner can restore it
     |    +-- RoomExists             the id is taken
     |    +-- RoomNotInBin           only a room in the bin can be deleted for good
     |    +-- BlobNotFound           the room does not keep this output any more
     |    +-- EpochMismatch          the client's document belongs to another history
     |    +-- LogCutShort            the store has lost saved edits of the room
     |    +-- ClientIdTaken          two people wrote under one Yjs client id, at two servers at once
     |    +-- LimitExceeded          a limit was exceeded (size, rate, number)
     |         +-- ServerFull        the server has its maximum of open rooms
     |         +-- RoomFull          the room has its maximum of peers
     |         +-- TooManyConnections  one person has the maximum of connections
     |         +-- RoomTooLarge      the edit would make the room too large
     |         +-- MessageTooLarge   one message is too large
     |         +-- TooManyUpdates    one peer sends too fast
     |         +-- SlowReader        one peer does not read its queued messages
     +-- KernelError                 about a room's kernel or its runs
     |    +-- KernelNotFound         there is no kernelspec of that name here
     |    +-- KernelFailed           the kernel did not start
     |    +-- KernelDied             the kernel ended, or was restarted, before it replied
     |    +-- KernelBusy             the kernel does not reply while it runs something
     |    +-- KernelElsewhere        the kernel runs on another server
     |    +-- NoKernel               the room has no running kernel
     |    +-- RunNotFound            no such run is queued or running
     |    +-- CellNotFound           the room has no such cell
     |    +-- InputNotWanted         the run does not wait for input
     |    +-- TooManyRuns            the queue of runs is full
     +-- PermissionDenied            the role does not include the capability
     |    +-- NotAMember             the room was not opened to this person
     |    +-- Removed                an owner has removed this person from the room
     |    +-- SessionEnded           the login, or the guest's session, is over
     |    +-- SessionReplaced        the guest's session was replaced by a new one: reconnect
     |    +-- GuestsNotAllowed       the server does not allow guests
     |    +-- InviteRefused          base of the errors of an invitation
     |         +-- InviteNotFound    no such invitation
     |         +-- InviteRevoked     an owner has taken it back
     |         +-- InviteExpired     its time is over
     |         +-- InviteExhausted   its uses are used up
     |         +-- PasswordRequired  it needs a password
     |         +-- WrongPassword     the password is wrong
     |         +-- TooManyAttempts   too many wrong tokens, codes or passwords in a short time
     +-- AccountError                about somebody's account
     |    +-- AccountNotFound        there is none
     |    +-- AccountExists          the address has an account already
     |    +-- SignInRefused          the address, the password or the provider's data is not accepted
     +-- MemberNotFound              the room has no such member
     +-- LastOwner                   the room would have no owner
     +-- TooManyMembers              the room has its maximum of members or invitations
     +-- ProtocolError               bytes that are not a message of the protocol
     |    +-- UnsupportedMessage     a text frame, or a message type we do not know
     |    +-- InvalidUpdate          a Yjs update that cannot be applied
     |         +-- CausalGap         an update that depends on edits that never arrived
     +-- ContentChanged              the room's content has another version than the request names
     +-- ContentError                content that cannot be read as a notebook, markdown or script
     +-- WorkError                   work in a separate process did not finish
     |    +-- WorkTooLong            it took too long
     |    +-- WorkTooLarge           it took too much memory
     |    +-- TooMuchWork            the person has too many requests waiting
     +-- StoreError                  the store did not respond
     |    +-- NotSaved               an edit could not be made durable
     |    +-- StoreUnavailable       the store cannot be read
     +-- ClientError                 an error on a Python program's side of the connection
          +-- ServerNotFound         no Jupyter server with jupyter_collab could be found
          +-- ServerUnreachable      the server does not respond, or is not a Jupyter server
          +-- NotSignedIn            the server does not accept the token, or needs one
          +-- EditsNotSaved          the room refused edits; their text is in ``room.unsent``
          +-- DocumentDiverged       the local document differed from the room's, and was fetched again
          +-- RoomClosed             the room was closed on this side
          +-- CellDeleted            the cell was deleted; the text for it is in ``error.text``
          +-- CannotRun              a shared cell cannot be run here
          +-- CellFailed             a shared cell was run, here or on its room's kernel, and failed

Every error carries a ``code`` (for the websocket), a ``status`` (for HTTP) and a ``reason``: a short, stable,
machine-readable word. Its message is for people and says what to do.
"""

from enum import IntEnum

__all__ = [
    "AccountError",
    "AccountExists",
    "AccountNotFound",
    "BlobNotFound",
    "CannotRun",
    "CausalGap",
    "CellDeleted",
    "CellFailed",
    "CellNotFound",
    "ClientError",
    "ClientIdTaken",
    "CloseCode",
    "CollabError",
    "ContentChanged",
    "ContentError",
    "DocumentDiverged",
    "EditsNotSaved",
    "EpochMismatch",
    "GuestsNotAllowed",
    "InputNotWanted",
    "InvalidRoomId",
    "InvalidUpdate",
    "InviteExhausted",
    "InviteExpired",
    "InviteNotFound",
    "InviteRefused",
    "InviteRevoked",
    "KernelBusy",
    "KernelDied",
    "KernelElsewhere",
    "KernelError",
    "KernelFailed",
    "KernelNotFound",
    "LastOwner",
    "LimitExceeded",
    "MemberNotFound",
    "MessageTooLarge",
    "NoKernel",
    "NotAMember",
    "NotSaved",
    "NotSignedIn",
    "PasswordRequired",
    "PermissionDenied",
    "ProtocolError",
    "Removed",
    "RoomClosed",
    "RoomDeleted",
    "RoomError",
    "RoomExists",
    "RoomFull",
    "RoomNotFound",
    "RoomNotInBin",
    "RoomTooLarge",
    "RunNotFound",
    "ServerFull",
    "ServerNotFound",
    "ServerUnreachable",
    "SessionEnded",
    "SessionReplaced",
    "SignInRefused",
    "SlowReader",
    "StoreError",
    "StoreUnavailable",
    "TooManyAttempts",
    "TooManyConnections",
    "TooManyMembers",
    "TooManyRuns",
    "TooManyUpdates",
    "TooMuchWork",
    "UnsupportedMessage",
    "WorkError",
    "WorkTooLarge",
    "WorkTooLong",
    "WrongPassword",
]


class CloseCode(IntEnum):
    """Websocket close codes: RFC 6455, section 7.4, and our own (see ``docs/wire.md``).

    Of these, 4400 to 4499 are for good, and 4500 to 4599 pass: whoever is closed with one may come again.
    """

    NORMAL = 1000
    GOING_AWAY = 1001
    UNSUPPORTED = 1003
    MALFORMED = 1007
    TOO_LARGE = 1009
    INTERNAL_ERROR = 1011
    TRY_AGAIN_LATER = 1013
    BAD_REQUEST = 4400
    FORBIDDEN = 4403
    ROOM_NOT_FOUND = 4404
    EPOCH_MISMATCH = 4409
    ROOM_DELETED = 4410
    REMOVED = 4411
    ROOM_TOO_LARGE = 4413
    NOT_SAVED = 4507
    SLOW_READER = 4508
    TOO_MANY_UPDATES = 4529


class CollabError(Exception):
    """Base of all errors of this package."""

    code = CloseCode.INTERNAL_ERROR
    status = 500
    reason = "internal_error"

    @property
    def public(self) -> str:
        """The message for people who may not learn details of the server."""
        return str(self)


class RoomError(CollabError):
    """Something about one room."""

    code = CloseCode.BAD_REQUEST
    status = 400
    reason = "room_error"


class InvalidRoomId(RoomError):
    """The id is not valid for a room."""

    reason = "invalid_room_id"


class RoomNotFound(RoomError):
    """No such room, or it is in the bin."""

    code = CloseCode.ROOM_NOT_FOUND
    status = 404
    reason = "room_not_found"


class RoomDeleted(RoomError):
    """The room was moved into the bin; an owner can restore it."""

    code = CloseCode.ROOM_DELETED
    status = 404
    reason = "room_deleted"


class RoomExists(RoomError):
    """The id is taken."""

    status = 409
    reason = "room_exists"


class RoomNotInBin(RoomError):
    """Only a room in the bin can be deleted for good."""

    status = 409
    reason = "room_not_in_bin"


class BlobNotFound(RoomError):
    """The room does not keep this output any more, or never did."""

    status = 404
    reason = "blob_not_found"


class EpochMismatch(RoomError):
    """The client's document belongs to another history of the room and must not be merged in."""

    code = CloseCode.EPOCH_MISMATCH
    status = 409
    reason = "epoch_mismatch"


class LogCutShort(RoomError):
    """The store has lost saved edits: somebody replaced it by an older copy. Clients that reconnect send them again."""

    code = CloseCode.TRY_AGAIN_LATER
    status = 503
    reason = "log_cut_short"


class ClientIdTaken(RoomError):
    """Somebody wrote under another person's Yjs client id, just after that person used it at another server.

    None of these edits was saved. Clients that reconnect get the room without them, and send their own edits again.
    """

    code = CloseCode.TRY_AGAIN_LATER
    status = 503
    reason = "client_id_taken"


class LimitExceeded(RoomError):
    """A limit was exceeded."""

    code = CloseCode.TRY_AGAIN_LATER
    status = 429
    reason = "limit_exceeded"


class ServerFull(LimitExceeded):
    """The server has its maximum of open rooms."""

    status = 503
    reason = "server_full"


class RoomFull(LimitExceeded):
    """The room has its maximum of peers."""

    status = 503
    reason = "room_full"


class TooManyConnections(LimitExceeded):
    """One person has the maximum of connections to this room or to all rooms of this server."""

    code = CloseCode.TOO_MANY_UPDATES
    reason = "too_many_connections"


class RoomTooLarge(LimitExceeded):
    """The edit would make the room too large."""

    code = CloseCode.ROOM_TOO_LARGE
    status = 413
    reason = "room_too_large"


class MessageTooLarge(LimitExceeded):
    """One message is too large."""

    code = CloseCode.TOO_LARGE
    status = 413
    reason = "message_too_large"


class TooManyUpdates(LimitExceeded):
    """One peer sends too fast."""

    code = CloseCode.TOO_MANY_UPDATES
    reason = "too_many_updates"


class SlowReader(LimitExceeded):
    """One peer does not read its queued messages."""

    code = CloseCode.SLOW_READER
    reason = "slow_reader"


class KernelError(CollabError):
    """Something about a room's kernel or its runs."""

    status = 409
    reason = "kernel_error"


class KernelNotFound(KernelError):
    """There is no kernelspec of that name on this server."""

    status = 404
    reason = "kernel_not_found"


class KernelFailed(KernelError):
    """The kernel did not start."""

    status = 503
    reason = "kernel_failed"


class KernelDied(KernelError):
    """The kernel ended, or was restarted, before it replied."""

    reason = "kernel_died"


class KernelBusy(KernelError):
    """The kernel does not reply while it runs something."""

    reason = "kernel_busy"


class KernelElsewhere(KernelError):
    """The room's kernel runs on another server."""

    reason = "kernel_elsewhere"


class NoKernel(KernelError):
    """The room has no running kernel."""

    reason = "no_kernel"


class RunNotFound(KernelError):
    """No such run is queued or running."""

    status = 404
    reason = "run_not_found"


class CellNotFound(KernelError):
    """The room has no such cell."""

    status = 404
    reason = "cell_not_found"


class InputNotWanted(KernelError):
    """The run does not wait for input, perhaps because somebody was faster."""

    reason = "input_not_wanted"


class SourceChanged(KernelError):
    """The cell's source differs from the text that the requester saw."""

    reason = "source_changed"


class TooManyRuns(KernelError):
    """The queue of runs is full."""

    status = 429
    reason = "too_many_runs"


class PermissionDenied(CollabError):
    """The role does not include the capability."""

    code = CloseCode.FORBIDDEN
    status = 403
    reason = "permission_denied"


class NotAMember(PermissionDenied):
    """The person has no access to the room; the message does not say whether the room exists."""

    reason = "not_a_member"


class Removed(PermissionDenied):
    """An owner has removed this person from the room."""

    code = CloseCode.REMOVED
    reason = "removed"


class SessionEnded(PermissionDenied):
    """The login or the guest session of the connection has ended."""

    reason = "session_ended"


class SessionReplaced(PermissionDenied):
    """The person joined or signed in again and has a new session: the client with that session can reconnect."""

    code = CloseCode.TRY_AGAIN_LATER
    reason = "session_replaced"


class GuestsNotAllowed(PermissionDenied):
    """The server does not allow guests."""

    reason = "guests_not_allowed"


class InviteRefused(PermissionDenied):
    """Something is wrong with an invitation."""

    reason = "invite_refused"


class InviteNotFound(InviteRefused):
    """There is no such invitation."""

    status = 404
    reason = "invite_not_found"


class InviteRevoked(InviteRefused):
    """An owner has taken the invitation back."""

    reason = "invite_revoked"


class InviteExpired(InviteRefused):
    """The invitation's time is over."""

    reason = "invite_expired"


class InviteExhausted(InviteRefused):
    """The invitation's uses are used up."""

    reason = "invite_exhausted"


class PasswordRequired(InviteRefused):
    """The invitation needs a password."""

    reason = "password_required"


class WrongPassword(InviteRefused):
    """This is not the invitation's password."""

    reason = "wrong_password"


class TooManyAttempts(InviteRefused):
    """Too many wrong tokens, codes or passwords in a short time."""

    status = 429
    reason = "too_many_attempts"


class AccountError(CollabError):
    """Something about somebody's account."""

    status = 400
    reason = "account_error"


class AccountNotFound(AccountError):
    """There is no such account."""

    status = 404
    reason = "account_not_found"


class AccountExists(AccountError):
    """The address has an account already."""

    status = 409
    reason = "account_exists"


class SignInRefused(AccountError):
    """The address, the password or the provider's data is not accepted; the message does not say which."""

    status = 403
    reason = "sign_in_refused"


class MemberNotFound(CollabError):
    """The room has no such member."""

    status = 404
    reason = "member_not_found"


class LastOwner(CollabError):
    """The room would have no owner."""

    status = 409
    reason = "last_owner"


class TooManyMembers(CollabError):
    """The room has its maximum of members or invitations."""

    status = 409
    reason = "too_many_members"


class ProtocolError(CollabError):
    """Bytes that are not a message of the protocol."""

    code = CloseCode.MALFORMED
    status = 400
    reason = "malformed"


class UnsupportedMessage(ProtocolError):
    """A text frame, or a message type that we do not know."""

    code = CloseCode.UNSUPPORTED
    reason = "unsupported_message"


class InvalidUpdate(ProtocolError):
    """A Yjs update that cannot be applied."""

    reason = "invalid_update"


class CausalGap(InvalidUpdate):
    """An update that depends on edits that never arrived."""

    reason = "causal_gap"


class ContentChanged(CollabError):
    """The room's content has another version than the request names; nothing was changed."""

    status = 412
    reason = "content_changed"


class ContentError(CollabError):
    """Content that cannot be read as a notebook, markdown or script."""

    code = CloseCode.BAD_REQUEST
    status = 400
    reason = "invalid_content"


class WorkError(CollabError):
    """Work in a separate process did not finish; nothing was changed."""

    code = CloseCode.TRY_AGAIN_LATER
    status = 503
    reason = "work_failed"


class WorkTooLong(WorkError):
    """The work took too long."""

    reason = "work_too_long"


class WorkTooLarge(WorkError):
    """The work took too much memory."""

    code = CloseCode.TOO_LARGE
    status = 413
    reason = "work_too_large"


class TooMuchWork(WorkError):
    """The person has too many requests waiting."""

    status = 429
    reason = "too_much_work"


class StoreError(CollabError):
    """The store did not respond."""

    code = CloseCode.TRY_AGAIN_LATER
    status = 503
    reason = "store_error"

    @property
    def public(self) -> str:
        """The message without the store's address and the cause."""
        return "The store of the rooms does not respond. Try again, or tell the server's administrator."


class NotSaved(StoreError):
    """An edit could not be made durable."""

    code = CloseCode.NOT_SAVED
    status = 507
    reason = "not_saved"


class StoreUnavailable(StoreError):
    """The store cannot be read."""

    reason = "store_unavailable"


class ClientError(CollabError):
    """Something on the client's side."""

    reason = "client_error"


class ServerNotFound(ClientError):
    """No Jupyter server with jupyter_collab could be found. The message lists what was tried."""

    reason = "server_not_found"


class ServerUnreachable(ClientError):
    """The server does not respond, or is not a Jupyter server with jupyter_collab."""

    reason = "server_unreachable"


class NotSignedIn(ClientError):
    """The server does not accept the token, or needs one."""

    status = 403
    reason = "not_signed_in"


class EditsNotSaved(ClientError):
    """The room refused edits; their text is in ``room.unsent``."""

    reason = "edits_not_saved"


class DocumentDiverged(ClientError):
    """The local document differed from the room's, and was fetched again; see ``room.unsent``."""

    reason = "diverged"


class RoomClosed(ClientError):
    """The room was closed on this side."""

    reason = "room_closed"


class CellDeleted(ClientError, KeyError):
    """The cell was deleted.

    Attributes
    ----------
    text
        The text for the cell; ``None`` if the program only read it.
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
    """A shared cell failed. If it ran in this process, its error is the cause, and IPython has shown it."""

    reason = "cell_failed"

    def _render_traceback_(self) -> list[str]:
        """The text for IPython: the cell's own traceback is already shown, or is in the room."""
        return [str(self)]
