"""The networks that can be trained.

network         SequenceModel: a stack of one-layer torch modules and a linear read-out
layers          how one layer reads: whole or in chunks, both ways, within each sequence's length
initialisation  how the weights start
drive           scales recurrent matrices for the input that the data gives the units
"""
