"""The Jupyter server extension: see :mod:`.extension`. Importing this package loads none of it."""
