"""HTTP: parse, call one service, answer.

runs/          submit, list, read, wait, resume, fork
telemetry/     history, gradient flow, dynamics, events and their live stream
diagnosis      what was found in a run
artifacts      the files that a run leaves
preflights/    a job spec tried for a few steps, alone or side by side
data/          data sets
accounts/      workspaces and API keys
fleet/         workers, health, metrics
catalog        every kind, quantity, finding and remedy
reference/     the docs page, an example for each body, the codes of problems
models/        what is answered
protocol/      what every route shares: bodies, problems, pages, ETags, idempotency
"""
