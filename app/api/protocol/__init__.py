"""The parts of HTTP that all routes share.

deps               dependencies of routes: unit of work, caller by scope, queue
problems           errors as problem+json; the table from error class to status
pointers           the place of an error in the request
bodies             reads a body once, under a limit
unread_bodies      closes the connection where a large body was not read
strict_json        parses JSON and refuses values that cannot be stored
envelope           request ids, security headers, metrics, unexpected errors
queries            refuses unknown query parameters
conditional        ETags and 304
pages              lists in pages, by opaque cursors
idempotency        answers to repeated requests, by Idempotency-Key
negotiation        the media type of an answer, by `Accept`
event_hub          tells live streams of new events, and ends them at shutdown
concurrency_limit  limits how many callers do something at the same time
limits             limits of requests per key, workspace and address
rates              how many requests per second each client has left
turns              how many requests of one client are worked on at the same time
root_path          the path under which a proxy shows the service
access_log         one line of JSON a request
"""
