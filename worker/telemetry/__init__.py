"""Readings on their way out: from the device to the host, from the host to the store."""
