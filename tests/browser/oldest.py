"""A JupyterLab, and perhaps a Notebook, of other versions than the tests' own environment has."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.servers import REPOSITORY, RunningServer

from .conftest import start_lab
from .packages import install

__all__ = ["lab_of"]


@contextmanager
def lab_of(folder: Path, packages: Sequence[str], extensions: Sequence[str] = ()) -> Iterator[RunningServer]:
    """A JupyterLab of these packages, with these server extensions.

    The rest of what they need the tests' own environment has, whose extensions of JupyterLab are left out.
    """
    site = folder / "site"
    site.mkdir()
    install(site, packages)
    share = site / "share" / "jupyter"
    with start_lab(
        folder,
        env={
            "PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(site)]),
            "JUPYTERLAB_DIR": str(share / "lab"),
        },
        extensions=extensions,
        LabServerApp={"labextensions_path": [str(folder / "share" / "labextensions"), str(share / "labextensions")]},
    ) as lab:
        yield lab
