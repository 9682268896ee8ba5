"""How a run is trained.

loop         the algorithm, one optimizer step after the other
gradients    norms and counts over many tensors at once
optimizers   torch's optimizers as a spec asks for them
schedules    the learning rate of a step
instability  what a step that is not finite leads to
origin       where the first non-finite number began
seeding      randomness as a pure function of seed, purpose and step
"""
