"""Everything that can go wrong, and how each is said on the wire.

::

    CollabError                      base of all errors of this package
     +-- RoomError                   about one room
     |    +-- InvalidRoomId          the id is not one that a room may have
     |    +-- RoomNotFound           no such room (or it lies in the bin)
     |    +-- RoomDeleted            the room was put into the bin; an owner can restore it
     |    +-- RoomExists             the id is taken
     |    +-- RoomNotInBin           only a room in the bin can be emptied out of it
     |    +-- BlobNotFound           the room does not keep this output any more
     |    +-- EpochMismatch          the client's document belongs to another history
     |    +-- LogCutShort            the store has lost what it had saved of the room
     |    +-- ClientIdTaken          somebody wrote under another's Yjs client id, over two servers at once
     |    +-- LimitExceeded          a bound was passed (size, rate, number)
     |         +-- ServerFull        the server holds as many live rooms as it may
     |         +-- RoomFull          the room has as many peers as it may
     |         +-- TooManyConnections  one person has as many connections as one may
     |         +-- RoomTooLarge      the edit would make the room larger than it may be
     |         +-- MessageTooLarge   one message is larger than it may be
     |         +-- TooManyUpdates    one peer sends faster than it may
     |         +-- SlowReader        one peer does not read what it is owed
     +-- KernelError                 about a room's kernel or its runs
     |    +-- KernelNotFound         there is no kernelspec of that name here
     |    +-- KernelFailed           the kernel did not start
     |    +-- KernelDied             the kernel ended, or was restarted, before it answered
     |    +-- KernelBusy             the kernel does not answer while it runs something
     |    +-- KernelElsewhere        the kernel runs on another server
     |    +-- NoKernel               the room has no running kernel
     |    +-- RunNotFound            no such run waits or runs
     |    +-- CellNotFound           the room has no such cell
     |    +-- InputNotWanted         the run does not wait for input
     |    +-- TooManyRuns            as many runs wait as may
     +-- PermissionDenied            the role does not include the capability
     |    +-- NotAMember             the room was not opened to this person
     |    +-- Removed                an owner has removed this person from the room
     |    +-- SessionEnded           the login, or the guest's session, is over
     |    +-- SessionReplaced        the guest's session was replaced by a new one: reconnect
     |    +-- GuestsNotAllowed       the server admits no guests
     |    +-- InviteRefused          base of what may be wrong with an invitation
     |         +-- InviteNotFound    no such invitation
     |         +-- InviteRevoked     an owner has taken it back
     |         +-- InviteExpired     its time is over
     |         +-- InviteExhausted   it was used as often as it may be
     |         +-- PasswordRequired  it needs a password
     |         +-- WrongPassword     this is not it
     |         +-- TooManyAttempts   too many wrong tokens, codes or passwords in a short time
     +-- AccountError                about somebody's account
     |    +-- AccountNotFound        there is none
     |    +-- AccountExists          the address has one already
     |    +-- SignInRefused          the address, the password or the provider's word will not do
     +-- MemberNotFound              the room has no such member
     +-- LastOwner                   the room would have no owner
     +-- TooManyMembers              the room has as many members, or invitations, as it may
     +-- ProtocolError               bytes that are not a message of the protocol
     |    +-- UnsupportedMessage     a text frame, or a message type we do not know
     |    +-- InvalidUpdate          a Yjs update that cannot be applied
     |         +-- CausalGap         an update that builds on edits we never got
     +-- ContentChanged              the room's content is not the version that the request builds on
     +-- ContentError                content that cannot be read as a notebook, markdown or script
     +-- WorkError                   work that a process of its own does did not come to its end
     |    +-- WorkTooLong            it took longer than it may
     |    +-- WorkTooLarge           it took more memory than it may
     |    +-- TooMuchWork            the person waits for as much as one may
     +-- StoreError                  the store did not answer
     |    +-- NotSaved               an edit could not be made durable
     |    +-- StoreUnavailable       the store cannot be read
     +-- ClientError                 something on a Python program's side of the connection
          +-- ServerNotFound         no Jupyter server with jupyter_collab could be found
          +-- ServerUnreachable      the server does not answer, or not as a Jupyter server does
          +-- NotSignedIn            the server does not accept the token, or wants one
          +-- EditsNotSaved          edits were kept out of the room; their text is in ``room.unsent``
          +-- DocumentDiverged       the document here was no longer the room's, which was fetched again
          +-- RoomClosed             the room was closed on this side
          +-- CellDeleted            the cell was deleted; what was to be written into it is in ``error.text``
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
        """The message for people whom the server does not trust with what it says about the server."""
        return str(self)


class RoomError(CollabError):
    """Something about one room."""

    code = CloseCode.BAD_REQUEST
    status = 400
    reason = "room_error"


class InvalidRoomId(RoomError):
    """The id is not one that a room may have."""

    reason = "invalid_room_id"


class RoomNotFound(RoomError):
    """No such room, or it lies in the bin."""

    code = CloseCode.ROOM_NOT_FOUND
    status = 404
    reason = "room_not_found"


class RoomDeleted(RoomError):
    """The room was put into the bin; an owner can restore it."""

    code = CloseCode.ROOM_DELETED
    status = 404
    reason = "room_deleted"


class RoomExists(RoomError):
    """The id is taken."""

    status = 409
    reason = "room_exists"


class RoomNotInBin(RoomError):
    """Only a room in the bin can be emptied out of it."""

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
    """The store has lost what it had saved: somebody put an older copy in its place. Who reconnects brings it back."""

    code = CloseCode.TRY_AGAIN_LATER
    status = 503
    reason = "log_cut_short"


class ClientIdTaken(RoomError):
    """Somebody wrote under the Yjs client id of somebody else, of whom another server heard just before.

    Nothing of it was saved. Who reconnects finds the room without it, and sends again what is theirs.
    """

    code = CloseCode.TRY_AGAIN_LATER
    status = 503
    reason = "client_id_taken"


class LimitExceeded(RoomError):
    """A bound was passed."""

    code = CloseCode.TRY_AGAIN_LATER
    status = 429
    reason = "limit_exceeded"


class ServerFull(LimitExceeded):
    """The server holds as many live rooms as it may."""

    status = 503
    reason = "server_full"


class RoomFull(LimitExceeded):
    """The room has as many peers as it may."""

    status = 503
    reason = "room_full"


class TooManyConnections(LimitExceeded):
    """One person has as many connections as one may, to this room or to all rooms of this server."""

    code = CloseCode.TOO_MANY_UPDATES
    reason = "too_many_connections"


class RoomTooLarge(LimitExceeded):
    """The edit would make the room larger than it may be."""

    code = CloseCode.ROOM_TOO_LARGE
    status = 413
    reason = "room_too_large"


class MessageTooLarge(LimitExceeded):
    """One message is larger than it may be."""

    code = CloseCode.TOO_LARGE
    status = 413
    reason = "message_too_large"


class TooManyUpdates(LimitExceeded):
    """One peer sends faster than it may."""

    code = CloseCode.TOO_MANY_UPDATES
    reason = "too_many_updates"


class SlowReader(LimitExceeded):
    """One peer does not read what it is owed."""

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
    """The kernel ended, or was restarted, before it answered."""

    reason = "kernel_died"


class KernelBusy(KernelError):
    """The kernel does not answer while it runs something."""

    reason = "kernel_busy"


class KernelElsewhere(KernelError):
    """The room's kernel runs on another server."""

    reason = "kernel_elsewhere"


class NoKernel(KernelError):
    """The room has no running kernel."""

    reason = "no_kernel"


class RunNotFound(KernelError):
    """No such run waits or runs."""

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
    """A cell that was to be run says something else than what the person who asked has before them."""

    reason = "source_changed"


class TooManyRuns(KernelError):
    """As many runs wait as may."""

    status = 429
    reason = "too_many_runs"


class PermissionDenied(CollabError):
    """The role does not include the capability."""

    code = CloseCode.FORBIDDEN
    status = 403
    reason = "permission_denied"


class NotAMember(PermissionDenied):
    """The room was not opened to this person; that it exists is not said either."""

    reason = "not_a_member"


class Removed(PermissionDenied):
    """An owner has removed this person from the room."""

    code = CloseCode.REMOVED
    reason = "removed"


class SessionEnded(PermissionDenied):
    """The login with which somebody connected, or their session as a guest, is over."""

    reason = "session_ended"


class SessionReplaced(PermissionDenied):
    """Somebody came or signed in again, which replaces their session: whoever has the new one can reconnect."""

    code = CloseCode.TRY_AGAIN_LATER
    reason = "session_replaced"


class GuestsNotAllowed(PermissionDenied):
    """The server admits no guests."""

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
    """The invitation was used as often as it may be."""

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
    """The address, the password or the provider's word will not do; which of them is not said."""

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
    """The room has as many members, or invitations, as it may."""

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
    """An update that builds on edits we never got."""

    reason = "causal_gap"


class ContentChanged(CollabError):
    """The room's content is not the version that the request builds on; nothing was changed."""

    status = 412
    reason = "content_changed"


class ContentError(CollabError):
    """Content that cannot be read as a notebook, markdown or script."""

    code = CloseCode.BAD_REQUEST
    status = 400
    reason = "invalid_content"


class WorkError(CollabError):
    """Work that a process of its own does did not come to its end; nothing was changed."""

    code = CloseCode.TRY_AGAIN_LATER
    status = 503
    reason = "work_failed"


class WorkTooLong(WorkError):
    """The work took longer than it may."""

    reason = "work_too_long"


class WorkTooLarge(WorkError):
    """The work took more memory than it may."""

    code = CloseCode.TOO_LARGE
    status = 413
    reason = "work_too_large"


class TooMuchWork(WorkError):
    """The person waits for as much as one may."""

    status = 429
    reason = "too_much_work"


class StoreError(CollabError):
    """The store did not answer."""

    code = CloseCode.TRY_AGAIN_LATER
    status = 503
    reason = "store_error"

    @property
    def public(self) -> str:
        """Without where the store is, and how it fails."""
        return "The store of the rooms does not answer. Try again; if that does not help, tell who runs this server."


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
    """The server does not answer, or not as a Jupyter server with jupyter_collab does."""

    reason = "server_unreachable"


class NotSignedIn(ClientError):
    """The server does not accept the token, or wants one."""

    status = 403
    reason = "not_signed_in"


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
