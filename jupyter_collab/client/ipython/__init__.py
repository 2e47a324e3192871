"""Rooms at IPython's prompt, and cells that run in one's own kernel."""
