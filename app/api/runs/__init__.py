"""Routes for runs: submit, list, read, wait for, label, cancel, delete, resume and fork."""
