"""The demonstration: the whole path on invented people, told as a page that a decision maker understands."""
