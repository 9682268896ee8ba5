"""The only SQL: domain values in and out; the session comes first and nothing here commits.

database    engine and unit of work (commit, then callbacks)
tables/     every table; migrations/ makes them
arrays      NumPy arrays as PostgreSQL's binary arrays, bit for bit
documents   JSON that keeps NaN and the infinities
fence       the one way to change a run's row: version and event numbers rise with it
runs        runs as their owners see them (run_rows: a row as the domain's Run)
claims      runs as workers see them: claim, heartbeat, finish, requeue, lost leases
telemetry   batches in, arrays out (evaluations, profile_rows, position_rows: parts of it)
history     a run's readings as series (step_ranges: which steps)
events      the numbered log of a run
diagnoses   what was found
cases       a run as the diagnosis looks at it
keys        API keys (workspaces: their owners)
idempotency answers that a repeated POST gets again
datasets    uploads, in parts
workers     who is there to train
partitions  a month of runs each
locks       what one process does at a time
ids, times  identifiers that sort by time; the database's clock
"""
