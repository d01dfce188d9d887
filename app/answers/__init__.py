"""Answers that grow before people's eyes: told in pieces while they do, one message in the end."""
