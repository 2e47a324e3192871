"""From the messages of one run to the outputs of its cell.

The rules are those of nbformat's ``output_from_msg``, nbclient and JupyterLab's output area; the messages are
described at https://jupyter-client.readthedocs.io/en/stable/messaging.html.
"""

from collections.abc import Collection, Mapping
from typing import Any

from ..document.schema import valid_count
from ..document.values import clean_text
from ..errors import CollabError
from ..store import Blob
from .limits import OutputLimits
from .shown_output import SMALL_BYTES, Item, ShownBundle, ShownOutput, ShownStream, words_output

__all__ = ["Reducer", "display_id_of"]

EXTRA_OUTPUTS = 8
"""So many outputs more than it should a cell may have, for what is printed, and for errors."""


class Reducer:
    """The outputs that one run has made so far, within ``limits``, and its ``execution_count``.

    ``is_refused``: an error stands in place of the outputs, and nothing more is taken in.
    """

    def __init__(self, limits: OutputLimits) -> None:
        self.execution_count: int | None = None
        self.is_refused = False
        self._limits = limits
        self._outputs: list[ShownOutput] = []
        self._closed_bytes = 0
        self._clears_next = False
        self._has_told = False

    @property
    def outputs(self) -> list[ShownOutput]:
        """The outputs, in order. No two streams of one name follow each other."""
        return self._outputs

    @property
    def items(self) -> list[Item]:
        """The outputs as nbformat has them; what did not change since it was last asked for is the same object."""
        return [item for output in self._outputs for item in output.items]

    @property
    def outran(self) -> bool:
        """Whether more was printed before :attr:`items` was last asked for than these could show."""
        return any(isinstance(output, ShownStream) and output.outran for output in self._outputs)

    def take_blobs(self) -> list[Blob]:
        """What must be stored before the :attr:`items` are shown; the same is not returned again."""
        blobs = [blob for output in self._outputs for blob in output.blobs]
        for output in self._outputs:
            output.blobs.clear()
        return blobs

    def take(self, msg_type: str, content: Mapping[str, Any]) -> None:
        """A message; one of an unknown type changes nothing."""
        if self.is_refused:
            return
        match msg_type:
            case "stream":
                self._add_text(str(content.get("name", "stdout")), content.get("text", ""))
            case "display_data" | "execute_result" | "error":
                self._note_count(content)
                self._add(msg_type, content)
            case "update_display_data":
                self._update(content)
            case "clear_output":
                self._clears_next = bool(content.get("wait"))
                if not self._clears_next:
                    self._clear()
            case "execute_input":
                self._note_count(content)

    def forget(self, outputs: Collection[ShownOutput]) -> None:
        """Somebody removed these."""
        forgotten = set(map(id, outputs))
        self._outputs = [output for output in self._outputs if id(output) not in forgotten]
        self._closed_bytes = sum(output.size_bytes for output in self._outputs[:-1])
        self._has_told = False

    def finish(self) -> None:
        """The run has ended: what did not fit becomes blobs."""
        if self._outputs:
            self._close_last()

    def refuse(self, error: CollabError) -> None:
        """Let ``error`` take the place of all outputs, and take nothing in from now on."""
        self.execution_count = None
        self._clear()
        self._add("error", {"ename": type(error).__name__, "evalue": str(error), "traceback": [str(error)]})
        self.finish()
        self.is_refused = True

    def _note_count(self, content: Mapping[str, Any]) -> None:
        count = valid_count(content.get("execution_count"))
        if count is not None:
            self.execution_count = count

    def _clear_if_due(self) -> None:
        if self._clears_next:
            self._clears_next = False
            self._clear()

    def _clear(self) -> None:
        self._outputs = []
        self._closed_bytes = 0
        self._has_told = False

    @property
    def _is_full(self) -> bool:
        return len(self._outputs) >= self._limits.outputs

    @property
    def _is_large(self) -> bool:
        return self._closed_bytes > self._limits.cell_bytes

    def _add_text(self, name: str, text: Any) -> None:
        self._clear_if_due()
        text = clean_text(text if isinstance(text, str) else "".join(map(str, text)))
        last = self._outputs[-1] if self._outputs else None
        if isinstance(last, ShownStream) and (last.name == name or self._is_full):
            last.add(text)
            return
        stream = ShownStream(clean_text(name), self._limits)
        stream.add(text)
        self._append(stream)

    def _add(self, msg_type: str, content: Mapping[str, Any]) -> None:
        display_id = display_id_of(content)
        if display_id is not None:
            self._update(content)
        self._clear_if_due()
        self._append(self._bundle({**content, "output_type": msg_type}, display_id))

    def _bundle(self, output: Mapping[str, Any], display_id: str | None) -> ShownBundle:
        limits = self._limits
        known = {key: output[key] for key in KEYS[output["output_type"]] if key in output}
        return ShownBundle.of(known, display_id, SMALL_BYTES if self._is_large else limits.bundle_bytes, limits)

    def _append(self, output: ShownOutput) -> None:
        if self._is_full and isinstance(output, ShownBundle) and output.item["output_type"] != "error":
            if self._has_told:
                return
            self._has_told = True
            output = ShownBundle(words_output(f"More than {self._limits.outputs} outputs; the others are not shown."))
        if len(self._outputs) < self._limits.outputs + EXTRA_OUTPUTS:
            if self._outputs:
                self._close_last()
            self._outputs.append(output)

    def _close_last(self) -> None:
        last = self._outputs[-1]
        last.close(is_small=self._is_large)
        self._closed_bytes += last.size_bytes

    def _update(self, content: Mapping[str, Any]) -> None:
        display_id = display_id_of(content)
        for index, output in enumerate(self._outputs):
            if isinstance(output, ShownBundle) and display_id is not None and output.display_id == display_id:
                new = {"data": content.get("data", {}), "metadata": content.get("metadata", {})}
                self._outputs[index] = self._bundle({**output.item, **new}, display_id)


KEYS = {
    "display_data": ("output_type", "data", "metadata"),
    "execute_result": ("output_type", "data", "metadata", "execution_count"),
    "error": ("output_type", "ename", "evalue", "traceback"),
}
"""What nbformat keeps of a message."""


def display_id_of(content: Mapping[str, Any]) -> str | None:
    """Under which name later messages may change the output that a message brings, if any."""
    transient = content.get("transient")
    display_id = transient.get("display_id") if isinstance(transient, Mapping) else None
    return display_id if isinstance(display_id, str) else None
