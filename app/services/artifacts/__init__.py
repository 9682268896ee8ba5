"""The files that runs leave: list them, find one."""
