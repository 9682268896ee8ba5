"""Preflights and their comparisons over HTTP."""
