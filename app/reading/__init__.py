"""Reads the files of uploads by columns. Of the readers of files only it imports pyarrow.

A worker never imports it: the stored form of a table needs NumPy alone (`app.domain.columnar`).
"""
