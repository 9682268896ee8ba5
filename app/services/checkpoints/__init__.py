"""Checkpoints: record one, discard a damaged one, choose the one from which a run starts."""
