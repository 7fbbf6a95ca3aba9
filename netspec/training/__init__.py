"""A checked spec → a plan, its first step tried; the loop, its step, and what may be set of them."""
