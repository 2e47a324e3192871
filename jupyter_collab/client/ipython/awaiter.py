"""Lets the cells that IPython's magics run use ``await``, as a notebook's own cells may.

A magic is a plain call, and within a kernel's event loop a plain call cannot wait for anything. So a cell that is
``%collab run_here …`` and nothing else, or ``%%collab …`` with a text that awaits, is made to await the magic.
"""

import ast

from IPython.core.interactiveshell import InteractiveShell

from .own_kernel import is_async, is_in_event_loop

__all__ = ["AWAITED_NAME", "Awaiter"]

AWAITED_NAME = "collab_awaited"
"""The magic that is awaited in the place of ``collab``."""


class Awaiter:
    """Transforms the lines of a cell after IPython, which has made calls of the magics."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell

    def __call__(self, lines: list[str]) -> list[str]:
        """The lines to be run in the place of ``lines``, mostly the same."""
        if not self._shell.autoawait or not is_in_event_loop():
            return lines
        match _call_of_magic("".join(lines)):
            case ("run_line_magic", "collab", str(line)) if line.split()[:1] == ["run_here"]:
                return [f"await get_ipython().run_line_magic({AWAITED_NAME!r}, {line!r})\n"]
            case ("run_cell_magic", "collab", str(line), str(cell)) if is_async(self._shell, cell):
                return [f"await get_ipython().run_cell_magic({AWAITED_NAME!r}, {line!r}, {cell!r})\n"]
        return lines


def _call_of_magic(text: str) -> tuple[object, ...]:
    """The method and the arguments of the one call of a magic that a cell is; empty for anything else."""
    if not text.startswith("get_ipython().run_"):
        return ()
    try:
        node = ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        return ()
    match node:
        case ast.Call(func=ast.Attribute(attr=method), args=arguments):
            return (method, *(argument.value for argument in arguments if isinstance(argument, ast.Constant)))
    return ()
