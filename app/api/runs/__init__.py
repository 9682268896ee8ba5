"""Runs over HTTP: the routes that submit, read, wait for, resume and fork them."""
