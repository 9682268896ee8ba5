"""Cautions: what in the data of an upload probably leads to a worse model, and what to do.

kinds            all cautions, one module each
card             what is known of one kind of caution
codes            the codes as an enumeration
caution          a caution as a profile has it
examine          the entry: from a subject to its cautions
roles            what the columns are for
subject          a table, the roles of its columns, and its rows by series and time
column           one column of a subject
time_grid        the steps between the times of a subject
sentinel_values  numbers that stand for no value
words            numbers and durations in sentences

A new kind needs a module and two lines in `kinds/__init__.py`.
"""
