"""Servers that are killed while people type: nothing seen is lost, nothing is there twice."""
