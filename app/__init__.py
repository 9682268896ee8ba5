"""The service: job specs in over HTTP, runs in PostgreSQL, diagnoses out. Never imports torch."""

__version__ = "0.1.0"
