"""The child process: carries out one command of the worker.

execute         builds the task, trains, publishes and stores the run's end
preflight       trains a few steps of a job spec
space           takes space for the run's files before training
devices         lists the devices of this machine
failures        turns an error into a stop reason and a sentence
saving          saves checkpoints: the file first, then its row
control_channel the child's side of the socket to the worker
commands        commands and messages between worker and child, and the child's exit codes
"""
