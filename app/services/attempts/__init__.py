"""What a worker does with one attempt of a run, from the claim to the end."""
