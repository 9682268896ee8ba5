"""`clinic serve`: starts the servers, the API and the workers, and restarts what ends.

serve        starts everything, watches it, stops it
restarting   starts one program again when it ends, with growing pauses
programs     the command lines of the API and the workers
termination  SIGTERM, SIGINT and SIGHUP as one exception
backup       `clinic backup` and `clinic restore`
admin_key    the first workspace and its key
key_commands `clinic keys`
"""
