"""Judges stored telemetry: the same telemetry and thresholds give the same findings, live or later.

case        what is judged: spec, task, telemetry, how far the run is
thresholds  every constant, named, with unit and source; a query can override each
engine      DETECTORS, diagnose
verdict     findings -> verdict and summary
detectors   one module a symptom; they know nothing of each other
progress reach explosions trends causes      the mathematics that detectors share
findings    what a diagnosis says
"""
