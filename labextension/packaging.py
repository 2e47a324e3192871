"""How a wheel or an sdist gets its JupyterLab extension; called by hatch-jupyter-builder (see ``pyproject.toml``)."""

from pathlib import Path

from hatch_jupyter_builder import npm_builder


def build(target_name: str, version: str, path: str, build_cmd: str, editable_build_cmd: str = "") -> None:
    """Bundle the extension with npm, unless this tree is an unpacked sdist, which carries its bundle.

    A checkout is always built anew: a bundle that lies there may be older than the sources, or made for debugging.

    Raises
    ------
    ValueError
        When there is no npm, neither on the PATH nor in the build environment.
    """
    if Path("PKG-INFO").exists():
        return
    npm_builder(target_name, version, path=path, npm="npm", build_cmd=build_cmd, editable_build_cmd=editable_build_cmd)
