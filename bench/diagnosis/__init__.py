"""The labelled benchmark of the diagnosis: networks with one known fault, two, or none.

uploads   the data sets of tasks that are not built in, made by formula
tasks     the base tasks: a job spec that solves its task
faults    the kinds of fault, their strengths, and look-alikes
leaves    the causes that a judge may name, in families
planned   a run of the plan; plan: all of them, from a seed
fresh     a test plan, from the hash of a commit
training  trains one run; train: all of the plan; pack: into the files of the repository
stored    a trained run, and the case that a judge sees at a share of its steps
grading   failed, grey or healthy, by the progress of the base
changes, experiments, labels    which single changes cure a failed run, found by training
experiment_results    how often the test of a cause lets runs learn, from these labels
opinions, judges, comparators   what is said of a run, and who says it
remedies  trains what judges advise; records: every remedy of each known cause
spec_only what the job spec alone tells
judge     asks every judge about every run; scoring, bootstrap, calibration: the numbers of it
example, expectations, fitting  what the ranking of causes is fitted to, where it starts, and how
fit       writes its coefficients; left_out: rankings by models that did not see what they judge
report    writes RESULTS.md
"""
