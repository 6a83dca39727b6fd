"""The questions that a runbook puts to the database, put to a real one with the rights of who reads."""

import shlex

import psycopg
import pytest
from helpers import runbooks

from bus.db import reader_address
from bus.platform.containers import RunningPlatform

PREFIX = ["bus", "db", "psql", "-c"]
QUERIES = [(file, words[4]) for file, line in runbooks.lines("sh") if (words := shlex.split(line))[:4] == PREFIX]


@pytest.mark.parametrize(("file", "query"), QUERIES)
def test_a_query_of_a_runbook_is_answered(platform: RunningPlatform, file: str, query: str) -> None:
    with psycopg.connect(reader_address(str(platform.settings.database_url))) as conn:
        columns = conn.execute(query.encode()).description

    assert columns, file
