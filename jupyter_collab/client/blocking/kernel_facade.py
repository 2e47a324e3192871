"""A room's kernel, for programs without ``async``."""

from ..room.kernel import AsyncKernel, KernelView
from .facade import Facade, blocking
from .loop import BackgroundLoop

__all__ = ["Kernel"]


class Kernel(KernelView, Facade[AsyncKernel]):
    """A room's kernel, for use without ``async``: :attr:`~.blocking_room.Room.kernel`. Who may not run is refused."""

    def __init__(self, loop: BackgroundLoop, twin: AsyncKernel) -> None:
        super().__init__(loop, twin)
        self._replica = twin._replica

    interrupt = blocking(AsyncKernel.interrupt)
    restart = blocking(AsyncKernel.restart)
    stop = blocking(AsyncKernel.stop)
    choose = blocking(AsyncKernel.choose)
    specs = blocking(AsyncKernel.specs)
    cancel = blocking(AsyncKernel.cancel)
    answer = blocking(AsyncKernel.answer)
