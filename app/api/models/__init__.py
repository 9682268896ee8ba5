"""The bodies of requests and the views that are answered, made from domain values."""
