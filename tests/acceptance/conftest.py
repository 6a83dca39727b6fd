from collections.abc import Iterator

import pytest
from helpers.run import AUTHORITIES, SUBSCRIBERS, Run
from helpers.size import size
from helpers.subscribers import subscribed
from helpers.system import running, synth


@pytest.fixture(scope="session")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """O1, run once: three authorities, neighbours, movers; read by the tests, changed by none."""
    folder = tmp_path_factory.mktemp("oracle")
    world = synth(
        folder / "monde",
        authorities=AUTHORITIES,
        households=size().households,
        months=size().months,
        seed=7,
        options=[],
    )
    with running(folder / "bus") as system, subscribed(system, SUBSCRIBERS, folder) as receivers:
        run = Run(system, world, receivers)
        run.feed(seed=7)
        run.settle(timeout=300)
        yield run
