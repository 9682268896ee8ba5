"""Preflights: submit one or a comparison of several, and read what they foretell."""
