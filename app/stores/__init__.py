"""Connections to the three stores."""
