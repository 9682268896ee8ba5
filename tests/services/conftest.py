"""As the store's tests, these see every queued run, and so have a database of their own."""

from tests.store.conftest import committed_workspace_id, engine, workspace_id

__all__ = ["committed_workspace_id", "engine", "workspace_id"]
