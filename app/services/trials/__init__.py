"""Trials: start one, advance it, read it, cancel it."""
