"""The version of the package; ``tests/test_version.py`` says what else has it."""

__all__ = ["__version__"]

__version__ = "0.1.0"
