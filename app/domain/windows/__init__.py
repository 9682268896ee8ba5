"""Summaries of readings in windows that are aligned to step numbers; merging them is exact.

- `window`: what a window holds, and how windows are made and merged
- `exact_sums`, `histogram`: its sums and its percentiles
- `packing`: its bytes, as the store keeps them
- `cover`: which windows make up a range of steps
- `overview`: the points and the statistics of many windows

Every step belongs to exactly one window of each level, whatever the flushes were and wherever a run
was resumed. So the summary of a range depends on its readings alone.
"""
