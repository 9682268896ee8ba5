"""How a run is trained.

loop         the algorithm, the moments of a run, and who acts at each
learner      the network, its optimizer, and what a step does with them
gradient     the gradient of one step, measured and clipped
penalties    L1 and L2 penalties of the weights
preparation  the network before its first step
optimizers   the optimizer that a spec names, made by torch
observation  evaluations and probes between two updates
instability  what happens at a step that is not finite
origin       where the first non-finite number began
state        all that a checkpoint is made of, and when it is saved
checkpoint   that as bytes
best         the weights of the best evaluation, kept beside the others
outcome      how training ends
determinism  settings with which a seed gives the same bits
fingerprint  what the bits depend on besides the spec
stopwatch    seconds of training
"""
