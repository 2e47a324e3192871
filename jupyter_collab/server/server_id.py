"""Which server this is: an id that stays the same when the server is started again, at whatever address."""

import errno
import logging
import os
import re
import secrets
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows has none: a server has another id there each time
    CAN_LOCK = False
else:
    CAN_LOCK = True

__all__ = ["ServerId"]

log = logging.getLogger(__name__)

ID_BYTES = 8
IS_ID = re.compile(r"[0-9a-f]{16}")


class ServerId:
    """An id that no other server has at the same time, of those that keep theirs in ``folder``.

    Each id is the name of a file there, which its server holds locked until :meth:`close` or its end. A server takes
    the first one that is free, or makes another. Where that cannot be done its id is a random one for this time.

    Attributes
    ----------
    value
        The id, 16 hexadecimal digits. It tells nothing of the server, and is no secret.
    """

    def __init__(self, folder: Path) -> None:
        self._file: int | None = None
        try:
            self.value = self._take(folder)
        except OSError as error:
            log.warning("The server's id cannot be kept in %s (%s): it is another one the next time.", folder, error)
            self.value = _new_id()

    def _take(self, folder: Path) -> str:
        if not CAN_LOCK:
            return _new_id()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in sorted(path.name for path in folder.iterdir() if IS_ID.fullmatch(path.name)):
            if self._lock(folder / name, os.O_RDWR):
                return name
        while not self._lock(folder / (name := _new_id()), os.O_RDWR | os.O_CREAT | os.O_EXCL):
            pass  # another server that starts just now was faster
        return name

    def _lock(self, path: Path, flags: int) -> bool:
        """Whether the file is ours from now on."""
        file = os.open(path, flags | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(file)
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                return False
            raise
        self._file = file
        return True

    def close(self) -> None:
        """Let another server have the id; again does nothing."""
        file, self._file = self._file, None
        if file is not None:
            os.close(file)


def _new_id() -> str:
    return secrets.token_hex(ID_BYTES)
