"""The nouns, pure: standard library, pydantic and NumPy; no I/O, no clock, no randomness.

specs/      what a client may ask for
runs        Run, RunStatus, TRANSITIONS, StopReason
task        what the data says about itself: required lag, baseline, floor
quantities  what is measured: formula, reduction, unit, cost and source
telemetry   a run's readings as arrays
comparison  job specs side by side, and what their first steps show
diagnosis/  detectors, engine, findings
remedies/   typed changes of a job spec
errors      everything that can be refused, one tree
"""
