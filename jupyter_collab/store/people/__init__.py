"""Who may do what in which room, invitations, what was done, sessions and shared secrets."""
