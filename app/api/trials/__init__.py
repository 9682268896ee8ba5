"""Routes for trials of remedies."""
