"""Files of runs: list them, find one."""
