"""Runs as clients see them: submit, list, look, edit, cancel, resume, fork, delete."""
