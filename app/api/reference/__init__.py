"""What describes the API itself: the docs page, an example for each body, problem codes."""
