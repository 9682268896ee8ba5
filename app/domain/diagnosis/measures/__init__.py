"""The numbers that the evidence of causes holds, by what they describe.

readings   the first, the latest and the typical value of a quantity
steps      updates, clipping and penalties
memory     reach of the gradient, recurrence, gates and units
scores     what was learned, and from which data
"""
