"""The worker process: claims runs, starts a child process for each and supervises it.

lifecycle       a worker process from start to exit
run_slots       the slots: claims runs and trains several at the same time
quick_preflights  the place for one quick preflight beside the slots
supervise       supervises one run: heartbeat, cancelling, stalls, the exit of its child
sweeper         the periodic sweep: lost runs, queued runs, old readings, a broken worker
run_records     what the worker writes about one run
trial_records   what the worker writes about trials
worker_records  what the worker writes about itself and about all runs
registration    what a worker registers itself with
diagnoses       the thread that diagnoses running runs
placement       chooses the device of a run
forkserver      the process that imports torch once and forks a child for each run
children        the worker's side of the forkserver and of the children
oom             whether the kernel killed a process for memory
stop_signal     tells all threads to stop
wake_signal     wakes a supervisor that waits for its next heartbeat
"""
