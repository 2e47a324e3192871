"""The headers of text files: YAML between two lines of ``---``, where jupytext keeps a notebook's metadata.

In YAML a few bytes can stand for more than fits into memory: a value that has an anchor is written once, and each alias
is that value again. So jupytext reads only headers that are written here, of values that were read here.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import ContentError
from ..yjs import MAX_NESTING
from .values import clean_json, plain_line_breaks

__all__ = ["MAX_HEADER_CHARACTERS", "NOTEBOOK_KEY", "with_plain_header"]

MAX_HEADER_CHARACTERS = 200_000
"""What jupytext writes is less than a hundredth of this."""

BORDER = re.compile(r"---\s*")

NOTEBOOK_KEY = re.compile(r"jupyter\s*:\s*")
"""The line in a header that says that it is a notebook's."""

ABOVE_A_HEADER = re.compile(r"#!|[ \t\f]*#.*?coding[:=][ \t]*[-_.a-zA-Z0-9]+")
"""The lines of a script that may stand before its header: which program runs it, and its encoding (PEP 263)."""

COMMENT_OF_MARKDOWN = "<!--"


def with_plain_header(text: str, prefix: str) -> str:
    """``text`` with its header written again, or with an empty one: a reader of YAML finds nothing else to read there.

    ``prefix`` is what begins each line of a header. No character but ``\\n`` may end a line for that reader.

    Raises
    ------
    ContentError
        The header is too large, is no YAML, or has anchors or aliases.
    """
    lines = plain_line_breaks(text).removesuffix("\n").split("\n")
    above = _lines_above(lines, prefix)
    start = above
    while start < len(lines) and not _bare(lines[start], prefix).strip():
        start += 1
    header = _header(lines[start:], prefix)
    body = lines[above:]
    if header:
        body = lines[start + len(header) + 2 :]
        if body and not _bare(body[0], prefix).strip():
            del body[0]  # it belongs to the header
    notebook, other = _divided(header)
    written = ["---", *other, *_written(_read(notebook)), "---"]
    commented = [f"{prefix} {line}" if prefix else line for line in written]
    return "".join(line + "\n" for line in [*lines[:above], *commented, "", *body])


def _lines_above(lines: Sequence[str], prefix: str) -> int:
    """How many lines stand above the place where the header of a script may begin."""
    number = 0
    while prefix and number < min(2, len(lines)) and ABOVE_A_HEADER.match(lines[number]):
        number += 1
    return number


def _bare(line: str, prefix: str) -> str:
    return line.removeprefix(prefix).removeprefix(" " if prefix else "")


def _header(lines: Sequence[str], prefix: str) -> list[str]:
    """The lines between the borders of the header that ``lines`` begin with, without prefix; empty for none."""
    header: list[str] = []
    for index, line in enumerate(lines):
        bare = _bare(line, prefix)
        if not line.startswith(prefix) or bare.lstrip().startswith(COMMENT_OF_MARKDOWN):
            return []
        if (BORDER.fullmatch(bare) is not None) is (index == 0):
            header.append(bare)
        else:
            return header[1:]
    return []


def _divided(header: Sequence[str]) -> tuple[list[str], list[str]]:
    """The lines of a header that are about the notebook, and the others, which are text."""
    notebook: list[str] = []
    other: list[str] = []
    is_about_notebook = False
    for line in header:
        if NOTEBOOK_KEY.fullmatch(line):
            is_about_notebook = True
        elif line and not line[0].isspace():
            is_about_notebook = False
        (notebook if is_about_notebook else other).append(line)
    return notebook, other


def _read(lines: Sequence[str]) -> dict[str, Any]:
    """The notebook's metadata."""
    import yaml  # not above: few programs need it

    if not lines:
        return {}
    text = "\n".join(lines)
    if len(text) > MAX_HEADER_CHARACTERS:
        raise ContentError(
            f"The header of this text has more than {MAX_HEADER_CHARACTERS:,} characters. Shorten it, or use .ipynb."
        )
    try:
        _check(text)
        metadata = yaml.safe_load(text)["jupyter"]
    except (
        yaml.YAMLError, LookupError, ArithmeticError, ValueError, TypeError, AttributeError, RecursionError
    ) as error:  # fmt: skip
        raise ContentError("The header of this text is not valid YAML. Mend it, or take it out.") from error
    if not isinstance(metadata, dict):
        raise ContentError("The header of this text holds no metadata below 'jupyter:'. Mend it, or take it out.")
    return dict(clean_json(metadata))


def _check(text: str) -> None:
    """Refuse YAML that is more than it looks, or nested so deep that reading it would take for ever."""
    import yaml

    depth = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        if getattr(event, "anchor", None) is not None:
            raise ContentError(
                "The header of this text has an anchor (&) or alias (*) of YAML. Write the values out, or set texts "
                "that begin so in quotes."
            )
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_NESTING:
            raise ContentError(f"The header of this text is nested more than {MAX_NESTING} deep. Make it flatter.")


def _written(metadata: Mapping[str, Any]) -> list[str]:
    """The lines of a header that say the notebook's metadata."""
    import yaml

    header = {"jupyter": metadata or {"jupytext": {}}}
    text: str = yaml.safe_dump(header, default_flow_style=False, sort_keys=False)
    return text.removesuffix("\n").split("\n")
