"""A room's document on this side, kept the same as on the server."""
