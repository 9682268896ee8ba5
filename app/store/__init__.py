"""The only SQL: domain values in and out; the session comes first and nothing here commits.

database    engine and unit of work (commit, then callbacks)
tables      every table; migrations/ makes them
arrays      NumPy arrays as PostgreSQL's binary arrays, bit for bit
fence       the one way to change a run's row: version and event numbers rise with it
runs        runs as their owners see them
claims      runs as workers see them: claim, heartbeat, finish, give back, rescue
telemetry   chunks, readings and profiles in; arrays out
events      the numbered log of a run
diagnoses   what was found
keys        API keys and workspaces
idempotency answers that a repeated POST gets again
datasets    uploads, in parts
workers     who is there to train
partitions  a month of runs each
"""
