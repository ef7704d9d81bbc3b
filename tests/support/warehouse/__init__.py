"""A made-up world with its facts, and the counts that the warehouse must make of them."""
