"""Parts of a notebook that are not as nbformat 4.5 has them, made valid; and what was changed, in sentences.

Whatever Jupyter opens is taken in: what is odd in one output must not cost the notebook. A value that has another type
than it should is kept as text where that can be; what cannot be kept is left out.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from .schema import CELL_METADATA, TRUSTED, Rule, valid_count, valid_id, valid_metadata

__all__ = ["CELL_TYPES", "Mender"]

CELL_TYPES = ("code", "markdown", "raw")

JSON_MIME_TYPE = re.compile(r"application/(.*\+)?json")

MAX_CHANGES = 100
"""So many changes are told one by one."""

MAX_SHOWN_CHARACTERS = 40

OTHER_OUTPUT_TYPES = {"pyout": "execute_result", "pyerr": "error", "update_display_data": "display_data"}
"""What other formats and kernels' messages call outputs."""

OLD_MIME_TYPES = {
    "text": "text/plain", "html": "text/html", "latex": "text/latex", "svg": "image/svg+xml", "png": "image/png",
    "jpeg": "image/jpeg", "json": "application/json", "javascript": "application/javascript",
}  # fmt: skip
"""The fields of an output of format 3 that in format 4 are its data."""

DROPPED_SILENTLY = frozenset(["transient"])
"""Part of kernels' messages, and of no notebook."""


class Mender:
    """Mends what it is given; values are JSON that :func:`clean_json` has gone over, and are not changed."""

    def __init__(self) -> None:
        self._said: list[str] = []
        self._more = 0

    @property
    def changes(self) -> list[str]:
        """What was changed: a sentence each, which names the place."""
        return [*self._said, f"There were {self._more:,} more changes."] if self._more else list(self._said)

    def say(self, place: str, words: str) -> None:
        """Note a change."""
        if len(self._said) < MAX_CHANGES:
            self._said.append(f"{place}: {words}.")
        else:
            self._more += 1

    def cell(self, cell: Mapping[str, Any], place: str) -> dict[str, Any]:
        """A cell of nbformat 4.5; its ``id`` is ``None`` if it has no valid one."""
        rest = dict(cell)
        cell_type = self._cell_type(rest, place)
        mended: dict[str, Any] = {
            "cell_type": cell_type,
            "id": self._id(rest, place),
            "source": self._source(rest, cell_type, place),
            "metadata": self.metadata(rest.pop("metadata", {}), CELL_METADATA[cell_type], place),
        }
        if cell_type == "code":
            mended["outputs"] = self._outputs(rest.pop("outputs", []), place)
            mended["execution_count"] = self._count(rest, place)
        else:
            mended["attachments"] = self._attachments(rest.pop("attachments", {}), place)
        self.left_out(rest, place)
        return mended

    def _cell_type(self, rest: dict[str, Any], place: str) -> str:
        cell_type = rest.pop("cell_type", None)
        if cell_type in CELL_TYPES:
            return str(cell_type)
        if cell_type == "heading":
            level = valid_count(rest.pop("level", 1)) or 1
            rest["source"] = "#" * min(level, 6) + " " + self._text(rest.get("source", ""), place, "its text")
            self.say(place, "it was a heading, and is a text cell now")
            return "markdown"
        new_type = "markdown" if cell_type == "html" else "code" if "outputs" in rest else "raw"
        self.say(place, f"its type was {_shown(cell_type)}, and is {new_type} now")
        return new_type

    def _id(self, rest: dict[str, Any], place: str) -> str | None:
        cell_id = valid_id(rest.get("id"))
        if cell_id is None and "id" in rest:
            self.say(place, "its id was not valid, so it has a new one")
        rest.pop("id", None)
        return cell_id

    def _source(self, rest: dict[str, Any], cell_type: str, place: str) -> str:
        if cell_type == "code" and not rest.get("source") and rest.get("input"):
            rest["source"] = rest.pop("input")
            self.say(place, "its code was called 'input', as in format 3")
        return self._text(rest.pop("source", ""), place, "its text")

    def _count(self, rest: dict[str, Any], place: str) -> int | None:
        value = rest.pop("execution_count", rest.pop("prompt_number", None))
        count = valid_count(value)
        if count is None and value is not None:
            self.say(place, "its execution count was no count, and is left out")
        return count

    def metadata(self, metadata: object, rules: Mapping[str, Rule], place: str) -> dict[str, Any]:
        """Valid metadata, without trust."""
        whole = self._object(metadata, place, "its metadata")
        given = {key: value for key, value in whole.items() if key != TRUSTED}
        valid = valid_metadata(given, rules)
        if odd := [key for key, value in given.items() if key not in valid or valid[key] != value]:
            self.say(place, f"{_names(odd)} of its metadata had no valid value, which was mended or left out")
        return valid

    def left_out(self, rest: Mapping[str, Any], place: str) -> None:
        """Note fields that notebooks do not have, if they say anything."""
        odd = [key for key, value in rest.items() if key not in DROPPED_SILENTLY and value not in (None, "", [], {})]
        if odd:
            self.say(place, f"{_names(odd)} cannot stand there, and is left out")

    # Outputs

    def _outputs(self, outputs: object, place: str) -> list[dict[str, Any]]:
        if not isinstance(outputs, list):
            self.say(place, f"its outputs were {_shown(outputs)}, and there are none now")
            return []
        mended = [self.output(output, f"{place}, output {number}") for number, output in enumerate(outputs, 1)]
        return [output for output in mended if output is not None]

    def output(self, output: object, place: str) -> dict[str, Any] | None:
        """An output of nbformat 4.5, or ``None`` for what cannot be one."""
        if not isinstance(output, dict):
            self.say(place, f"it was {_shown(output)}, which is no output, and is left out")
            return None
        rest = dict(output)
        kind = self._output_type(rest, place)
        if kind is None:
            return None
        match kind:
            case "stream":
                fields = self._stream(rest, place)
            case "error":
                fields = self._error(rest, place)
            case "execute_result":
                fields = {**self._display(rest, place), "execution_count": self._count(rest, place)}
            case _:
                fields = self._display(rest, place)
        self.left_out(rest, place)
        return {"output_type": kind, **fields}

    def _output_type(self, rest: dict[str, Any], place: str) -> str | None:
        kind = rest.pop("output_type", None)
        if kind in ("stream", "display_data", "execute_result", "error"):
            return str(kind)
        known = OTHER_OUTPUT_TYPES.get(kind) if isinstance(kind, str) else None
        if known is None and isinstance(rest.get("data"), dict):
            known = "display_data"
        if known is None:
            self.say(place, f"its type is {_shown(kind)}, which no notebook has, so it is left out")
        else:
            self.say(place, f"its type was {_shown(kind)}, and is {known} now")
        return known

    def _stream(self, rest: dict[str, Any], place: str) -> dict[str, Any]:
        name = rest.pop("name", rest.pop("stream", "stdout"))
        if not isinstance(name, str):
            self.say(place, "its name was no text, and is stdout now")
            name = "stdout"
        return {"name": name, "text": self._text(rest.pop("text", ""), place, "its text")}

    def _error(self, rest: dict[str, Any], place: str) -> dict[str, Any]:
        return {
            "ename": self._text(rest.pop("ename", ""), place, "its name"),
            "evalue": self._text(rest.pop("evalue", ""), place, "its message"),
            "traceback": self._lines(rest.pop("traceback", []), place, "its traceback"),
        }

    def _display(self, rest: dict[str, Any], place: str) -> dict[str, Any]:
        if "data" in rest:
            data = rest.pop("data")
        else:
            data = {OLD_MIME_TYPES[key]: rest.pop(key) for key in list(rest) if key in OLD_MIME_TYPES}
        return {
            "data": self._mime_bundle(data, place, "its data"),
            "metadata": self._object(rest.pop("metadata", {}), place, "its metadata"),
        }

    def _attachments(self, attachments: object, place: str) -> dict[str, Any] | None:
        return {
            name: self._mime_bundle(bundle, place, f"its attachment {_shown(name)}")
            for name, bundle in self._object(attachments, place, "its attachments").items()
        } or None

    def _mime_bundle(self, bundle: object, place: str, what: str) -> dict[str, Any]:
        if bundle is not None and not isinstance(bundle, dict):
            bundle = {"text/plain": bundle}
            self.say(place, f"{what} had no MIME type, and are plain text now")
        mended: dict[str, Any] = {}
        for mime_type, value in self._object(bundle, place, what).items():
            if JSON_MIME_TYPE.fullmatch(mime_type):
                mended[mime_type] = value
            elif value is None:
                self.say(place, f"{what} had nothing for {_shown(mime_type)}, which is left out")
            else:
                mended[mime_type] = self._text(value, place, f"{_shown(mime_type)} in {what}")
        return mended

    def _object(self, value: object, place: str, what: str) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        self.say(place, f"{what} were {_shown(value)}, and are empty now")
        return {}

    # Texts

    def _text(self, value: object, place: str, what: str) -> str:
        return value if isinstance(value, str) else "".join(self._lines(value, place, what))

    def _lines(self, value: object, place: str, what: str) -> list[str]:
        if isinstance(value, str):
            return [value]
        if isinstance(value, list):
            if not all(isinstance(line, str) for line in value):
                self.say(place, f"{what} held other things than text, which are written as JSON now")
            return [line if isinstance(line, str) else _json(line) for line in value]
        if value is None:
            self.say(place, f"{what} was null, and is empty now")
            return []
        self.say(place, f"{what} was no text, and is written as JSON now")
        return [_json(value)]


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)  # yrs has keys in another order each time


def _shown(value: object) -> str:
    """``value`` as JSON, shortened."""
    text = _json(value)
    return text if len(text) <= MAX_SHOWN_CHARACTERS else text[: MAX_SHOWN_CHARACTERS - 1] + "…"


def _names(keys: Sequence[str]) -> str:
    shown = ", ".join(_shown(key) for key in keys[:5])
    return shown if len(keys) <= 5 else f"{shown} and {len(keys) - 5} more"
