"""Predictions by the weights of a run, as the API's clients ask for them.

compute   carries out one prediction in a child of the worker, with bounds
rows      the rows of a request as predict.py has them
answers   the numbers of predict.py as the rows of an answer

They are computed by the modules of `worker.publishing.program`, so that they equal those of the
published predict.py.
"""
