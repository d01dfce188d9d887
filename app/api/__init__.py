"""The GraphQL room: types, loaders, transport."""
