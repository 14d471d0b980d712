"""The HTTP server: the embedded clusters' API on loopback, over TLS, for who has the token."""
