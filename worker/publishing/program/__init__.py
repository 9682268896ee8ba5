"""The modules of `predict.py`, a program that is published with each run.

network   the trained network in float64, and the files of weights
times     times of rows, and the times that follow a window
dates     dates in the forms that an upload may have
calendars positions of times in their day, week, month and year
pipeline  from rows of numbers to inputs, and from outputs to the units of the data
cells     missing values, numbers and labels in the conventions of the training file
tables    rows of a CSV, or of JSON objects
inputs    examples from rows, a JSON document or a text
predict   the commands

`assembly` joins them to one file. They import torch, safetensors and the standard library alone.
"""
