"""The moderation queue and its decisions."""
