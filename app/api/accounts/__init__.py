"""Workspaces and API keys over HTTP."""
