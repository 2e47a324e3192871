"""A room, as programs with ``async`` use it."""
