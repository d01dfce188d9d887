"""Data to begin with: a small world for people to look at, and as much as wanted for machines."""

from app.seeds.bulk import seed
from app.seeds.demo import seed_demo

__all__ = ["seed", "seed_demo"]
