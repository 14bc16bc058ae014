"""Requests, the service list, reporters and every word to and from citizens."""
