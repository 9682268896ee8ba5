"""What operators, the admins of the first workspace, do to the runs of all workspaces."""
