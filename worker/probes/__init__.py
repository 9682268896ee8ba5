"""Probes: each module measures one quantity of a network and changes nothing about it."""
