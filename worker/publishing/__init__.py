"""What a run leaves at its end, for people to take home.

publish      all of it: files first, then what the database is told of them
description  how to feed the network and what its outputs mean
golden       inputs and the outputs that the weights make of them
predict      a program that is published as it stands and imports nothing of this service
run_log      what the training process says, in bounded memory
"""
