"""What hostile, broken and unlucky peers do to a real server, and what must not come of it."""
