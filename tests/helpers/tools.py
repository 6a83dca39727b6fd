"""Programs that a test needs and that no package of ours brings."""

import os
import shutil

import pytest


def need(program: str) -> str:
    """Give the path of a program; without it, fail where ``CI`` is set and skip elsewhere."""
    if found := shutil.which(program):
        return found
    reason = f"{program} absent : ce test a besoin du vrai programme"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
