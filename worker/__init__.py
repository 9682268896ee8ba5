"""The trainer: the only code that imports torch, and the one that supervises it.

main.py          the Celery application and its life: boot, work, leave
celery_app.py    how Celery is set, and the check at boot that it is
tasks.py         `runs.execute`, the one task; a message is only a bell
life.py          a worker process from boot to exit
workshop.py      one worker process: its slots, devices, forkserver and active runs
supervise.py     one claimed run: heartbeat, cancel, stall, and what its child's end means
reconcile.py     the sweep: runs that lost their worker, bells that were lost, deaf workers
records.py       what is written of runs; upkeep.py: of the worker itself and for all runs
placement.py     which device a run gets
children.py      the worker's side of the forkserver; forkserver.py is the other side
execute.py       in the child: build the task, train, finish
child_line.py    in the child: the order, the word to cancel, signs of progress
sending.py       in the child: readings leave in order, each exactly once
recorder.py      readings from the device to the host, once a flush
seeding.py       randomness as a pure function of seed, purpose and step
aside.py         jobs in turn, or side by side where somebody waits
gradients.py     norms and counts over many tensors at once
training/        the loop, and what belongs to it alone
models/ datasets/ clipping/ regularisers/ probes/     one module a member of the family
replay/          the exact backward pass that probes follow
"""
