"""What is too large for the documents of rooms, by content."""
