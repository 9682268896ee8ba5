"""Diagnoses: read or judge again, and store what was found in a run that is under way."""
