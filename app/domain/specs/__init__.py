"""What a client may ask for: frozen pydantic models, unions by `kind`.

job        JobSpec, TrainingSpec, ProbesSpec
clipping/                           one module a kind, with its formula
model/                              one module a cell, with its card
init optimizer dataset              one family a module
patch      merge patches of a job spec
base       what they share
"""
