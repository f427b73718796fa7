"""Processes, sockets and certificates."""
