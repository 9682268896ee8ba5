"""`make demo`: starts the service, trains four networks over HTTP, prints what ails them.

__main__   the story, in order
service    starts `clinic serve`, or joins the one that runs
client     HTTP with the printed key
orders     the job specs and the real series
report     what is printed
"""
