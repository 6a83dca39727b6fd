"""The NIR that a file carries, when the rules admit it."""

from functools import lru_cache

from bus.identity import InvalidNir, parse_nir


@lru_cache(maxsize=4_096)  # asked again for the same adult within a batch; bounded, so that it forgets
def valid_nir(raw: str | None) -> str | None:
    """Give the 13 characters of a NIR, None when it is absent or refused by the rules."""
    if not raw:
        return None
    try:
        return parse_nir(raw).nir13
    except InvalidNir:
        return None
