"""Use cases: each module has one public function that is named like it. No service commits.

runs/          submit, list, get, edit, cancel, resume, fork and delete runs
attempts/      a worker's part in a run: claim, begin, renew the lease, finish, release, rescue
checkpoints/   record and discard checkpoints; choose the one from which a run starts
telemetry/     store a batch of readings; read history, gradient flow, dynamics and events
diagnosis/     read a diagnosis, diagnose again, store the diagnosis of a running run
artifacts/     list and find files
preflights/    submit and read preflights and comparisons
data/          upload, list, get and delete data sets
accounts/      workspaces, API keys, authentication, the audit log
fleet/         workers, load, readiness
operators/     runs of all workspaces, suspensions
read_catalog   what the service supports
record_act     record an act in the audit log, for the other services
"""
