"""Small facts in the order in which they were committed, for whoever follows them live."""
