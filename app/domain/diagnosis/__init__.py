"""Judges stored telemetry: the same telemetry and thresholds give the same findings, live or later.

case          what is judged: spec, task, telemetry, thresholds, how far the run is
detectors/    one module a symptom, causes/ one a cause, remedies/ one a remedy: none knows another
detector cause remedy    what a member of each family is: its card
thresholds    what a threshold is; overrides: all of them by name, as a query replaces them
engine        diagnose: detectors, then causes, then remedies, then a verdict
verdict       findings -> verdict and summary
prescribe     finding -> remedies, each with the job spec that it makes
reach explosions origin recurrence progress trends    the mathematics that members share
findings      what a diagnosis says; codes: the enumerations of the API
"""
