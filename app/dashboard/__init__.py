"""The pages that people look at. Each is rendered on the server and has a JSON twin in the API."""
