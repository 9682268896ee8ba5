"""Experiments: runs that test causes of a run, and what their results tell.

plans     the change that tests each cause, and which runs carry it out
learned   how often such a change learned the task under each cause; the counts are data
results   weighs the causes of a run by the results
"""
