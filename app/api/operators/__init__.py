"""Routes for operators: the runs of all workspaces, suspensions."""
