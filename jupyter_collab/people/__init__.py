"""People: access to rooms, joining, and the audit log. Does not import Tornado."""

from .accounts import Accounts, Identity, account_user, check_email
from .attendance import Attendance
from .guests import MAX_NAME_CHARACTERS, check_name, new_guest
from .invitations import Entry, Invitations, InviteWish
from .members import Members, Standing
from .passwords import check_password
from .sessions import EndedSessions, Sessions, message_about
from .waiting import Waiting

__all__ = [
    "MAX_NAME_CHARACTERS",
    "Accounts",
    "Attendance",
    "EndedSessions",
    "Entry",
    "Identity",
    "Invitations",
    "InviteWish",
    "Members",
    "Sessions",
    "Standing",
    "Waiting",
    "account_user",
    "check_email",
    "check_name",
    "check_password",
    "message_about",
    "new_guest",
]
