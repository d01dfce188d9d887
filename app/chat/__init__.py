"""Conversations and the message log."""
