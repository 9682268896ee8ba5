"""Trials: each remedy of a run is trained with fresh seeds beside the untreated run.

trial       what a trial is: arms, seeds, and what became of each of its runs
progress    how far a score is from that of the baseline to what the task allows
verdict     what the runs of an arm tell, compared in pairs with those of the control
race        which runs are stopped once a remedy has cured
schedule    which runs come next, so that a trial costs no more than its question needs
"""
