"""How sure a diagnosis is of its causes and findings; the numbers are data.

chances      logistic functions of what was measured
marks        what tells, before it has failed, how likely a run is to fail
of_findings  from both to the confidence of each finding
"""
