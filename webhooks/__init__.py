"""Webhooks: who wants to be told of what, and that they are, in the end."""
