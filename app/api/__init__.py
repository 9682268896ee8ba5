"""HTTP: parse, call one service, answer.

deps          what a route may ask for: Work, Caller by scope, Queue
problems      every refusal as problem+json; the one table from error to status
pointers      where in a body an error sits
bodies        caps and strict JSON, before any parsing by the framework
envelope      request ids, security headers, metrics, the last resort
conditional   ETag and 304
pages         opaque cursors
rule_codes    the codes of what no schema states
idempotency   Idempotency-Key
negotiation   JSON, CSV, stream or lines, as `Accept` asks
event_hub     wakes live streams, and closes them at shutdown
models/       what is answered
runs preflight comparison history gradient_flow dynamics diagnosis events
datasets catalog keys workspaces workers
health metrics docs                                    the routes
"""
