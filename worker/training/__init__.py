"""How a run is trained.

loop         the algorithm, one optimizer step after the other
preparation  the network as training finds it
clipping     the gradient as the formula of a clipping sees it
optimizers   torch's optimizers as a spec asks for them
schedules    the learning rate of a step
instability  what a step that is not finite leads to
origin       where the first non-finite number began
best         the weights of the best evaluation, kept beside the others
observation  evaluations and probes between two updates
determinism  kernels that give the same bits again
"""
