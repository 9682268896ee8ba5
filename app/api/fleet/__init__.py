"""Workers, health and metrics over HTTP."""
