"""Rooms, their logs and keyframes."""
