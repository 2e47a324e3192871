"""The cells that were typed in this IPython."""

from typing import Any

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

__all__ = ["TypedTexts"]


class TypedTexts:
    """The inputs and variables of an IPython, as texts."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell

    def last_input(self) -> str:
        """This cell's lines that are not ours, or those of the last cell that has any."""
        for source in reversed(self._inputs):
            lines = [line for line in source.split("\n") if not line.lstrip().startswith(("%collab", "%%collab"))]
            if text := "\n".join(lines).strip("\n"):
                return text
        raise UsageError("There is no cell to push: no other was run here.")

    @property
    def _inputs(self) -> list[str]:
        """What was typed: that of In[1] at index 1, and so on."""
        history = self._shell.history_manager
        inputs: list[str] = [] if history is None else history.input_hist_raw
        return inputs

    def text_of(self, what: str) -> str:
        """A variable's text, or the input of that number."""
        if what.isdecimal():
            if not 0 < int(what) < len(self._inputs):
                raise UsageError(f"There is no In[{what}].")
            return self._inputs[int(what)]
        value = self._shell.user_ns.get(what)
        if not isinstance(value, str):
            raise UsageError(f"{what} is {'no variable' if value is None else 'no text (a str)'}.")
        return value

    @property
    def notebook_cell(self) -> str | None:
        """The id of the notebook's cell that runs, where the frontend tells."""
        get_parent = getattr(self._shell, "get_parent", None)
        parent: dict[str, Any] = get_parent() if get_parent is not None else {}
        cell_id: str | None = parent.get("metadata", {}).get("cellId")
        return cell_id
