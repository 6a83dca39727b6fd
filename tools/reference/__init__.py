"""The reference pages, written from the code: same code, same bytes. See ``__main__`` for how to run it."""
