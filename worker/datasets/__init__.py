"""The tasks of all data sets: one module a kind, and what they share.

build           data set spec -> Task, and the tuple of all kinds
maker           the card of a kind
task            Task, Batch: data with its facts, its loss and its fixed evaluation splits
objectives      loss terms and metrics
usage           how to feed the trained network and read its answers
sampling        which sequences a step trains on, as a pure function of the step
adding copy_memory temporal_order       made, not stored
digits          scikit-learn's handwritten digits, pixel by pixel
forecast text sequences                 uploaded
rollout         forecasts that go on from their own predictions
windows         what a forecast reads and answers for each window
required_lag    how far back a target depends on the input, from held-out losses
context_gain    its estimate for series
"""
