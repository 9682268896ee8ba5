"""The child process: carries out one command of the worker.

execute         builds the task, trains, publishes and stores the run's end
preflight       trains a few steps of a job spec
saving          saves checkpoints: the file first, then its row
control_channel the child's side of the socket to the worker
commands        commands and messages between worker and child, and the child's exit codes
"""
