"""Usage accounting and API logs."""
