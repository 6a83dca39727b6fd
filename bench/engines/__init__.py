"""The stream stage's task on other engines, one process each, and what measures and compares them."""
