"""Shows in this notebook, or terminal, what a cell showed elsewhere."""

import sys
from collections.abc import Iterable, Mapping
from typing import Any

from IPython.display import publish_display_data

__all__ = ["show_outputs"]


def show_outputs(outputs: Iterable[Mapping[str, Any]]) -> None:
    """Show outputs, as nbformat 4 has them, where this was called."""
    for output in outputs:
        match output:
            case {"output_type": "stream", "name": name, "text": text}:
                (sys.stderr if name == "stderr" else sys.stdout).write(text)
            case {"output_type": "error", "traceback": lines}:
                sys.stderr.write("\n".join(lines) + "\n")
            case {"data": data, "metadata": metadata}:
                publish_display_data(data, metadata)
