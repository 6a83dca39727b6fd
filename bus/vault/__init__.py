"""Everything about people's keys: who is behind a subject, wrapped keys, their epochs and rotation.

The stream stage may import nothing of it.
"""
