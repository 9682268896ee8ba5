"""Routes for workspaces and API keys."""
