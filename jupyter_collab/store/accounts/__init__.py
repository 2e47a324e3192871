"""Accounts: people who sign in here, and not on the Jupyter server."""
