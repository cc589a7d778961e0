"""The HTTP API and the page: parse a request, call an act or read the store, render the response."""
