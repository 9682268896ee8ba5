"""Reads the files of uploads by columns. Only this package imports pyarrow.

A worker never imports it: the stored form of a table needs NumPy alone (`app.domain.columnar`).
"""
