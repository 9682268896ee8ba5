"""The verbs: one use case a module, one public function a module; none of them commits.

runs/          submit, list, get, edit, cancel, resume, fork, delete
attempts/      what a worker does with a run: claim, begin, beat, finish, give back, lose, sweep
checkpoints/   keep, give up, plan where a run starts from
telemetry/     store a flush; read history, gradient flow, dynamics, events
diagnosis/     read, judge again, note while a run is under way
artifacts/     list, find
preflights/    submit and read preflights and comparisons
data/          upload, list, get, delete data sets
accounts/      workspaces, API keys, authentication
fleet/         workers, load, readiness
read_catalog   what the service can do
"""
