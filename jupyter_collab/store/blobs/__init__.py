"""Blobs: outputs too large for the documents of rooms, by digest."""
