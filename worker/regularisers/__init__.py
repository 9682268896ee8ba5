"""Penalties that join the loss.

weights    L1 and L2 of the weight matrices
"""
