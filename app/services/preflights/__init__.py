"""Preflights: submit one, or a comparison of several, and read their results."""
