"""Routes for preflights and comparisons of preflights."""
