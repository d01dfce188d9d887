"""A person's rights over what is kept of them: an archive of it, its erasure, its keys."""
