"""The same without ``async``."""
