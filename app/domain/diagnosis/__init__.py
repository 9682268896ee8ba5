"""Judges stored telemetry: the same telemetry and thresholds give the same findings, live or later.

case          the run that is judged: spec, task, telemetry, thresholds
detectors/    one module for each symptom; causes/ and remedies/ have one for each member too
detector cause remedy    the card of each family
thresholds    what a threshold is; overrides: all thresholds by name, and their values in a query
engine        diagnose: runs detectors, then ranks causes, then adds remedies and the verdict
outcome       what a run has learned on each split; standing: how a score compares with the task
consequence   what a mechanism does to a run, by its outcome alone
score_trend score_fall    whether scores improve or fell back; scores_in_words: how it is told
causation     from probabilities of causes to those that are named: families first
confidence/   how sure causes and findings are, as fitted to the benchmark
ranking/      how likely each cause is, by signs; possibility: what structure and physics exclude
measures/     the numbers that the evidence of causes holds
outlook/      how a running run will end, by the curve, the reach and the mechanisms so far
verdict       from findings to a verdict; summary: to at most four sentences
not_judged    runs that failed before there was anything to judge
prose         numbers and comparisons in words
progress_in_words scores_in_words outlook_in_words    sentences on what a run has learned
prescribe     from a finding to remedies, each with the job spec that results from it
reach explosions growth origin recurrence progress trends    the mathematics that members share
episodes units    when a sign of several probes in succession begins and ends; shares of units
findings      the parts of a diagnosis; codes: the enumerations of the API
"""
