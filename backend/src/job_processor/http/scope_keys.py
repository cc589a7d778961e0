"""Keys in a request's ASGI scope by which the protocol and the routes inform each other."""

PIPELINED = "pipelined"
"""Set when the next request of the connection has arrived before this one was answered."""
AUTHENTICATED = "authenticated"
"""Set when the sender of the request has authenticated."""
PRINCIPAL = "principal"
"""Who asks (``core.access.Principal``); set by ``http.access`` before the handler is called."""
