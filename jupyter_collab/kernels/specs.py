"""Which of the kernels that are installed rooms may use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager
from traitlets.config import Config

from .apart import is_apart
from .contract import KernelSpec, KernelSpecs

__all__ = ["KernelRules", "installed_specs", "specs_for_rooms"]


@dataclass(frozen=True, slots=True)
class KernelRules:
    """The deployer's words about kernels in rooms, as patterns.

    ``kernels`` are the kernelspecs that rooms may use, all for none; ``environment`` are variables that kernels get.
    """

    kernels: Sequence[str] = ()
    environment: Sequence[str] = ()

    def choice(self, names: Sequence[str]) -> list[str]:
        """Which of the kernelspecs rooms may use, in the order of the patterns."""
        if not self.kernels:
            return list(names)
        return list(dict.fromkeys(name for pattern in self.kernels for name in names if fnmatchcase(name, pattern)))


def specs_for_rooms(found: Mapping[str, Any], rules: KernelRules, default: str) -> KernelSpecs:
    """What of the kernelspecs ``found``, as jupyter_client describes them, rooms may use.

    ``default`` is the server's own default kernel.
    """
    chosen = rules.choice(sorted(found))
    return KernelSpecs(
        default if default in chosen or not chosen else chosen[0],
        {name: _spec(name, found[name]["spec"]) for name in chosen},
        frozenset(found) - frozenset(chosen),
    )


def installed_specs(config: Config) -> dict[str, Any]:
    """The kernelspecs that a server with this configuration finds, by name."""
    found: dict[str, Any] = KernelSpecManager(config=config).get_all_specs()
    return found


def _spec(name: str, spec: Mapping[str, Any]) -> KernelSpec:
    return KernelSpec(name, str(spec.get("display_name", name)), str(spec.get("language", "")), is_apart(spec))
