"""How fast the server is, as a ratio to what a person would write by hand for the same task."""
