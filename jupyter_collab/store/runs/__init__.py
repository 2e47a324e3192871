"""Who ran what in rooms, and when."""
