"""The files that a run publishes at its end.

publish      writes all files, then lists them for the database
description  how to feed the network and what its outputs mean
forecast_example  one window of a forecast, computed from the published rows
golden       inputs, their targets, and the outputs that the weights make of them
program/     the modules of predict.py, which imports nothing of this service
assembly     joins them to one file
run_log      the last log lines of the training process
"""
