"""Who may do what in a room."""

from .roles import Capability, Role, User

__all__ = ["Capability", "Role", "User"]
