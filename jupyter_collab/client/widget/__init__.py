"""A room inside a notebook."""
