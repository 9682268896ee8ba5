"""The nouns and judgements. Pure: standard library, pydantic, NumPy; no I/O, clock or randomness.

specs/      job specs
runs        Run, RunStatus, TRANSITIONS, StopReason
merging     batches that wait are stored as one
task        facts of a task: required lag, baselines, best score
whiteness   whether residuals are white noise
references  the key under which a reference is stored
quantities/ what is measured: formula, reduction, unit, cost and source
telemetry   a run's readings as arrays
comparison  the specs and first measurements of several preflights
diagnosis/  detectors, causes, remedies and the engine that uses them
errors      all errors, in one tree
"""
