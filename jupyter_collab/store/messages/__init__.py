"""What servers tell each other through the store."""
