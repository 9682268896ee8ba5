"""How a run is trained.

loop         the algorithm, one optimizer step after the other
preparation  the network as training finds it
clipping     the gradient as the formula of a clipping sees it
optimizers   the optimizer that a spec names, made by torch
instability  what a step that is not finite leads to
origin       where the first non-finite number began
best         the weights of the best evaluation, kept beside the others
observation  evaluations and probes between two updates
determinism  kernels that give the same bits again
"""
