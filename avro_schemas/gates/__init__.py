"""The gates of the contract: what a schema must satisfy before anything is written with it.

Run as ``python -m avro_schemas.gates [--root DIR] [--release]``. It needs Apache's ``avro``, a development dependency,
which nothing else in this package does. Rules are pure; ``source`` alone reads files.
"""
