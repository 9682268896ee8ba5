"""What every route shares of HTTP.

deps               what a route may ask for: Work, Caller by scope, Queue
problems           every refusal as problem+json; the one table from error to status
pointers           where in a body an error sits
bodies             read once, under a limit
strict_json        parses JSON and refuses what it or PostgreSQL cannot hold
envelope           request ids, security headers, metrics, the last resort
queries            refuses query parameters that no route knows
conditional        ETag and 304
pages              opaque cursors
idempotency        Idempotency-Key
negotiation        JSON, CSV, stream or lines, as `Accept` asks
event_hub          wakes live streams, and closes them at shutdown
concurrency_limit  how many callers may do something at the same time
"""
