"""Data sets: upload, list, look, delete."""
