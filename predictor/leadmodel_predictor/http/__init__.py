"""What stands between a socket and a model: the server, its limits, endpoints and answers."""
