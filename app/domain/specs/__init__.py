"""The parts of a job spec: frozen pydantic models, unions by `kind`.

job             JobSpec, TrainingSpec, ProbesSpec
init/ clipping/ optimizer/ schedule/ loss/    one module for each kind, with its formula
model/          one module for each cell, with its card
dataset/        one module for each data set, with what is known of its task
regularization  penalties that are added to the loss
patch           merge patches of a job spec
base            the base class and the types of fields
"""
