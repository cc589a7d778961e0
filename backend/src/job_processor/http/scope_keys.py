"""Keys that the protocol and the routes leave for each other in the ASGI scope of a request."""

FOLLOWED = "followed"
"""Set when the next request of the connection has arrived before this one was answered."""
PROVEN = "proven"
"""Set when the sender of the request has authenticated."""
