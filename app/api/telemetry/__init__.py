"""Routes for the readings and events of a run."""
