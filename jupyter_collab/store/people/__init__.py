"""Members, invitations, the audit log, sessions and shared secrets."""
