"""The Jupyter server extension."""

from .extension import CollabExtension

__all__ = ["CollabExtension"]
