"""In the child process: carry out one order.

execute     build the task, train, publish, write the run's end
preflight   try a job spec for a few steps
saving      checkpoints: the file first, then its row
child_line  the child's side of its line to the worker
orders      what a child is told to do, and how it says what became of it
"""
