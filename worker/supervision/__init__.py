"""The worker process: it claims runs, starts a child for each, and watches it to its end.

life            a worker process from boot to exit
run_slots       its slots: which runs it trains side by side
supervise       one claimed run: heartbeat, cancel, stall, and what its child's end means
reconcile       the sweep: runs that lost their worker, bells that were lost, deaf workers
run_records     what is written of runs
worker_records  what is written of the worker itself and for all runs
placement       which device a run gets
forkserver      imports torch once and forks a child for each run; children is its other side
oom             whether the kernel killed a process for memory
stopping        the signal to stop
"""
