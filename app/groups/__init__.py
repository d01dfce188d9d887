"""Groups: communities around a product, or free."""
