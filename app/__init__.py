"""Isthmus: one GraphQL API over PostgreSQL and MongoDB, live over Redis."""
