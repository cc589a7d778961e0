"""The edge: request → validated command → life cycle; reads → store."""
