"""On which server each room has its kernel."""
