"""Workspaces and their API keys: create, list, edit, revoke, authenticate; the audit log."""
