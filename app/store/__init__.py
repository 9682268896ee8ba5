"""The only package that contains SQL. Functions take the session first and never commit.

database    the engine and the unit of work (commit, then callbacks)
connections connections that time out when the server does not answer
sessions    ends database sessions whose process is stopped
tables/     the definition of every table; migrations/ creates them
arrays      NumPy arrays as PostgreSQL's binary arrays, bit for bit
documents   JSON that keeps NaN and the infinities
fence       changes a run's row; raises its version and event numbers in the same update
runs        runs for their owners (run_rows: converts a row to the domain's Run)
attempts    the run of an attempt: find, lock, take back
claims      runs for workers: claim, heartbeat, finish, requeue, expired leases
quick_preflights  which short preflight is tried beside the slots
queue_order which queued run is claimed next
checkpoints the states from which a run can continue (rewind: deletes later readings)
artifacts   the files that a run publishes at its end
lineage     the runs from which a run was forked
preflights  short trial runs, kept for a day
telemetry   stores batches, returns arrays (evaluations, profile_rows, position_rows: its parts)
history     a run's readings as series (step_ranges: conditions on the step)
events      the numbered log of a run
followed    what live streams wait for, in one statement
diagnoses   the latest diagnosis of a run and its findings
cases       loads the input of a diagnosis
keys        API keys
workspaces  owners of keys, data sets and runs
usage       what a workspace uses of its quotas
idempotency answers that a repeated POST receives again
datasets    uploads, stored in parts
workers     worker processes, their devices and slots
installation what is stored once for the whole installation
partitions  one partition a table for each month of runs
retention   drops the readings of old months
locks       advisory locks
ids, times  identifiers that sort by time; the database's clock
"""
