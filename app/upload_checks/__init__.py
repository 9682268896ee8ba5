"""Checks uploads in processes of their own, with fair turns between workspaces.

checks       takes a turn, then has the file checked
turns        the order in which workspaces take turns
forkserver   the API's side of the process that forks the checking processes
process      that process
messages     what the two send each other

A check takes one core for up to minutes and memory of many times the size of the file, and parts of
it hold Python's interpreter lock for 300 ms. In a thread of the API it delayed all other requests.
"""
