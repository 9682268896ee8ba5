"""Diagnoses: read one, diagnose again with other thresholds, store that of a running run."""
