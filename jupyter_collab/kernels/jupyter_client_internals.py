"""All that uses parts of jupyter_client that it does not promise. ``test_library_internals.py`` names them."""

from typing import Any

from jupyter_client.manager import KernelManager
from jupyter_client.multikernelmanager import MultiKernelManager

__all__ = ["WRITTEN_FOR", "forget_failed_starts", "process_of"]

WRITTEN_FOR = "8.10"
"""The versions whose ``_pending_kernels`` and ``pid`` are known."""


def forget_failed_starts(kernels: MultiKernelManager) -> None:
    """Let go of kernels that never ran: it keeps them as pending, and then the server does not stop."""
    pending: dict[str, Any] = kernels._pending_kernels
    for kernel_id, starting in list(pending.items()):
        if starting.done() and kernel_id not in kernels:
            del pending[kernel_id]


def process_of(kernel: KernelManager) -> object:
    """What tells the kernel's process from others, its process id, where its provisioner says one; else ``None``."""
    return getattr(kernel.provisioner, "pid", None)
