"""What a client may ask for: frozen pydantic models, unions by `kind`.

job        JobSpec, TrainingSpec, ProbesSpec
init/ clipping/ optimizer/ schedule/      one module a kind, with its formula
model/                              one module a cell, with its card
dataset/                            one module a data set, with what is known of its task
regularization                      penalties that join the loss
patch      merge patches of a job spec
base       what they share
"""
