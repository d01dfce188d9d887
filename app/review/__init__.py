"""Moderation at work: what may be reported, and what a decision does to what it is about."""
