"""The networks that can be trained.

network         SequenceModel: one-layer torch modules in a stack, our dropout between, a linear read-out
layers          how one layer reads a sequence: whole or in chunks, in both directions, within each sequence's length
linear          the recurrent cell without a non-linearity, for exact checks
initialisation  how the weights start
"""
