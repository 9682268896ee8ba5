"""Measures the pages and pictures of the service in a browser; `python -m bench.dashboard`."""
