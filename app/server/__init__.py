"""The API's HTTP server: uvicorn, with deadlines and a bounded number of connections.

`python -m app.server --host 127.0.0.1 --port 8000` serves the API.

connections  the open connections by what they wait for, and which of them gives way to a new one
protocol     HTTP/1.1 on one connection, with a deadline for each thing that the client must do
listening    the listening socket, the server, and how many connections the process can have
"""
