"""Suggests a data set spec for an upload, and checks it as a dry run does.

suggest     the entry: from a table or a text to a suggestion
found       what a search ends in
sample      the rows and columns that are looked at
names       what the name of a column says
times       columns that order the rows
layout      the order of the rows, and the column that tells series apart
obstacles   why the rows cannot be put in order
columns     the target of a forecast and its features
season      the period of a series
room        window, horizon and split for the rows that there are
transforms  what a network learns in place of the target
forecasts   the spec of a forecast
labelled    the spec of labelled sequences

A suggestion is shown only after the checks of `app.domain.data_check` have passed. Where none
passes, the reasons say what is missing.
"""
