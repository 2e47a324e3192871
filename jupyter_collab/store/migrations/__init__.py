"""Alembic's migrations of the store's schema; they run when a store is opened."""
