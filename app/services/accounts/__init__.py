"""Workspaces and their API keys: make, list, change, revoke, authenticate."""
