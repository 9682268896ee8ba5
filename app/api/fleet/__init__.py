"""Routes for workers, health and metrics."""
