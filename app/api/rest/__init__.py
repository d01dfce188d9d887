"""REST, for clients that speak no GraphQL: the same queries and commands, another notation."""
