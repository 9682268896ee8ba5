"""Runs for clients: submit, list, get, edit, cancel, resume, fork, delete."""
