"""Public fixtures and reference data beside the checkout: read in place, required in CI, optional elsewhere."""

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2].parent / "shared"


def shared(relative: str) -> Path:
    """Give the path of a shared file; absent: fails in CI, skips elsewhere."""
    path = SHARED / relative
    if not path.exists():
        if os.environ.get("CI"):
            pytest.fail(f"shared/{relative} is absent")
        pytest.skip(f"shared/{relative} is absent")
    return path
