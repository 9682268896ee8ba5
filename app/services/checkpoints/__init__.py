"""Checkpoints: keep one, give a damaged one up, and choose where a run starts from."""
