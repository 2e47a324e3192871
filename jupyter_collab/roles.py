"""Who may do what: capabilities, and the roles that name sets of them."""

from enum import StrEnum
from typing import Literal

__all__ = ["Capability", "Role", "RoleName"]

RoleName = Literal["viewer", "runner", "writer", "editor", "owner"]
"""A role as programs write it."""


class Capability(StrEnum):
    """One thing that a peer may or may not do in a room."""

    READ = "read"
    EDIT = "edit"
    RUN = "run"
    MANAGE = "manage"


class Role(StrEnum):
    """A named set of capabilities."""

    VIEWER = "viewer"
    RUNNER = "runner"
    WRITER = "writer"
    EDITOR = "editor"
    OWNER = "owner"

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What somebody in this role may do."""
        return _CAPABILITIES[self]

    def may(self, capability: Capability) -> bool:
        """Whether this role includes ``capability``."""
        return capability in _CAPABILITIES[self]

    def lowered_to(self, wish: "Role") -> "Role":
        """``wish`` if it asks for nothing that this role lacks, else this role: a wish can only lower."""
        return wish if wish.capabilities <= self.capabilities else self

    def without(self, capability: Capability) -> "Role":
        """The best role that is not better than this one and lacks ``capability``; a viewer there always is."""
        left = self.capabilities - {capability}
        return max((role for role in Role if role.capabilities <= left), key=lambda role: len(role.capabilities))


_CAPABILITIES = {
    Role.VIEWER: frozenset({Capability.READ}),
    Role.RUNNER: frozenset({Capability.READ, Capability.RUN}),
    Role.WRITER: frozenset({Capability.READ, Capability.EDIT}),
    Role.EDITOR: frozenset({Capability.READ, Capability.EDIT, Capability.RUN}),
    Role.OWNER: frozenset(Capability),
}
