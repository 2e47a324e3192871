"""Cells that run on a kernel of their room."""
