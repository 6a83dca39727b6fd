"""What holds for any sequence of observations of a dossier, on invented ones."""

import itertools
from dataclasses import dataclass

from helpers.differences import BASE, NOTHING, after, step, told
from helpers.vrsb_file import Foyer, Who
from hypothesis import given
from hypothesis import strategies as st

from producers.caisse.states import Fact


@dataclass(frozen=True)
class Dossier:
    etat: str
    motifs: tuple[str, ...]
    tops: tuple[str | None, ...]
    roles: tuple[str, ...]

    def foyer(self) -> Foyer:
        pairs = zip(self.roles, self.tops, strict=True)
        return Foyer(
            etat=self.etat,
            motifs=self.motifs,
            who=tuple(Who(role=role, top=top, prenom=f"P{n}") for n, (role, top) in enumerate(pairs)),
        )


DOSSIERS = st.integers(1, 3).flatmap(
    lambda size: st.builds(
        Dossier,
        etat=st.sampled_from("0123456"),
        motifs=st.lists(st.sampled_from(["06", "44", "AB", "CG"]), max_size=2).map(tuple),
        tops=st.tuples(*[st.sampled_from(["0", "1", None])] * size),
        roles=st.tuples(*[st.sampled_from(["DEM", "CJT", "ENF", "RDO"])] * size),
    )
)


@given(DOSSIERS, DOSSIERS)
def test_the_same_observation_again_tells_nothing(first: Dossier, second: Dossier) -> None:
    outcome = step(after(step(NOTHING, first.foyer(), BASE)), second.foyer())

    assert told(step(after(outcome), second.foyer())) == []


@given(st.lists(DOSSIERS, min_size=1, max_size=5))
def test_entries_and_exits_of_a_person_alternate_and_children_are_never_told(dossiers: list[Dossier]) -> None:
    past = NOTHING
    facts: list[Fact] = []
    for dossier in dossiers:
        outcome = step(past, dossier.foyer())
        past = after(outcome)
        facts += outcome.facts

    for subject, group in itertools.groupby(
        sorted(facts, key=lambda fact: fact.subject_id), lambda fact: fact.subject_id
    ):
        moves = [fact.type for fact in group if "droits_devoirs" in fact.type]
        assert all(one != other for one, other in itertools.pairwise(moves)), subject
        assert not moves or moves[0].endswith("entree")
    assert all(fact.donnees["role"] != "ENF" for fact in facts)
