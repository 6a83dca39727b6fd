"""Measurements side by side with what a user would pick instead, one command each: `python -m bench [NAME…]`."""
