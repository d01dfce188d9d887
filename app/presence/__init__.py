"""Who is online and who is typing: leases in Redis, which end by themselves."""
