"""What a client may ask for: frozen pydantic models, unions by `kind`.

job        JobSpec, TrainingSpec, ProbesSpec
model init clipping optimizer dataset      one family a module
patch      merge patches of a job spec
base       what they share
"""
