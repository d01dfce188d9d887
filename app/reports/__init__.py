"""What is read across the domains, for those who run the product."""
