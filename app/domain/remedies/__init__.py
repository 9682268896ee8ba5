"""What to change: a remedy is a typed change of a job spec.

remedy      Remedy, Ailment, RemedyRule
registry    REMEDIES: every kind, what it acts on, its source
prescribe   ailment -> remedies, remedy -> spec
cells weights training      how each is drawn up
"""
