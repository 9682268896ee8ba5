"""What is done to a gradient between the backward pass and the update.

clip     the one entry: spec -> clipped gradient and its coefficient
norm     global norm, from above and from below
value    entry by entry
"""
