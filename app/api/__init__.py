"""HTTP: each route parses the request, calls one service and answers.

runs/          submit, list, read, wait for, resume and fork runs
telemetry/     history, gradient flow, dynamics, events, live streams of events
diagnosis      the findings of a run
artifacts      the files of a run
preflights/    job specs tried for a few steps, and comparisons of them
data/          data sets
accounts/      workspaces and API keys
fleet/         workers, health, metrics
catalog        every kind, quantity, finding and remedy
reference/     the docs page, an example for each body, codes of problems
models/        the bodies of requests and answers
protocol/      shared by all routes: bodies, problems, pages, ETags, idempotency
"""
