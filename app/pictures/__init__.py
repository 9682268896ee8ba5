"""Draws pictures of runs on the server, in processes of their own: matplotlib holds a core."""
