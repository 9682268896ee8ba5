"""Documentation of the API: the docs page, examples of bodies, codes of problems."""
