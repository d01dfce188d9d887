"""The marketplace: products, their causes and their publishing."""
