"""Hot records in Redis: read by loaders, kept true by whoever writes."""
