"""The trainer: the only code that imports torch, and the code that supervises it.

main.py          the composition root of a worker process
celery_app.py    Celery's settings, and their check at the start
broker.py        how messages are received: malformed ones are ignored, the next comes at once
tasks.py         `runs.execute`, the only task; a message is only a notification
supervision/     the worker process: claims runs, starts a child for each, supervises it
execution/       the child process: builds the task, trains, publishes, ends the run
telemetry/       readings from the device to the host, and from the host to the store
training/        the loop, and what belongs to it alone
models/          networks of the layers in cells/, and how their weights start
cells/ datasets/ probes/      one module a member of the family
scoring/         scores of networks and baselines, on the same rows
references/      simple models that show what score a task allows
replay/          the exact backward pass that probes follow
publishing/      what a run leaves at its end
seeding.py       randomness as a pure function of seed, purpose and step
concurrency.py   jobs that run in the thread of the caller, or in other threads
gradients.py     norms and counts over many tensors at once
"""
