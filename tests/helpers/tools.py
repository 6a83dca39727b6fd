"""Programs that a test needs and that no package of ours brings."""

import os
import shutil
from typing import NoReturn

import pytest


def need(program: str) -> str:
    """Give the path of a program; without it, fail where ``CI`` is set and skip elsewhere."""
    return shutil.which(program) or absent(f"{program} absent : ce test a besoin du vrai programme")


def absent(reason: str) -> NoReturn:
    """End a test whose world lacks something: a failure where ``CI`` is set, a skip elsewhere."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
