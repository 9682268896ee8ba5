"""Predictions by the weights of runs: submit, read, cancel; claim, renew and finish."""
