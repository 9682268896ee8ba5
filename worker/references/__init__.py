"""Reference models: simple models that show what score a task allows.

card       what is known of each model: what it can see, its formula, its cost, its source
members/   one module a model, with its card
readout    linear outputs on features, fitted to the task's own loss
samples    the training data that a model is fitted to, and bounds on it
positions  values at positions of sequences of different lengths
linear     fits the models that are linear in their features
fit        fits all models, chooses one on the validation part, scores it on every split
registry   the cards of all models
"""
