"""What `clinic serve` does: starts the servers, the API and the workers, and keeps them running.

serve       from an empty home to a service that answers, and back
keeper      starts one program again when it dies, with back-off
programs    the command lines of the API and the workers
termination  SIGTERM, SIGINT and SIGHUP as one exception
admin_key   the first workspace and its key
"""
