"""Routes for data sets."""
