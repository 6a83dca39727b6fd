"""All the rules over one contract, in the order in which their findings help."""

from collections import defaultdict
from collections.abc import Iterator

from avro_schemas.gates.alone import defaulted, named, readable, shaped
from avro_schemas.gates.apache import refusals
from avro_schemas.gates.between import SchemaChange, changes
from avro_schemas.gates.envelope import enveloped
from avro_schemas.gates.finding import Finding, Rule
from avro_schemas.gates.notes import noted, sealed
from avro_schemas.gates.opened import opened, shared_opened
from avro_schemas.gates.released import kept
from avro_schemas.gates.said import said
from avro_schemas.gates.samples import exemplified
from avro_schemas.gates.source import Contract, Version
from avro_schemas.gates.together import sealable, shared

REMEDIES = {
    Rule.RETIRE: "Remettez-le, quitte à ne plus le remplir",
    Rule.RENOMME: "Gardez l’ancien nom, et ajoutez un champ facultatif s’il faut l’autre",
    Rule.TYPE: "Gardez son type, et ajoutez un champ facultatif pour l’autre",
    Rule.DEFAUT: "Remettez le défaut d’avant",
    Rule.AJOUT: "Donnez-lui un « default », le plus souvent null",
    Rule.SYMBOLE: "Remettez-les : on n’ajoute que des symboles",
    Rule.CLASSE: "Remettez sa classe : qui lit l’ancienne version la protège ainsi",
    Rule.SOURCE: "Remettez son origine, et ajoutez un champ facultatif pour l’autre",
    Rule.RANG: "Ajoutez les nouveaux symboles à la fin",
    Rule.FIGE: "Les flux le lisent et le gardent octet par octet : mettez le champ dans donnees ou dans enrichissement",
    Rule.APACHE: "Revenez au texte d’avant, et n’ajoutez que des champs avec défaut ou des symboles",
}


def findings(contract: Contract) -> list[Finding]:
    """Give everything wrong with a contract, each fault once; empty when it may be released."""
    sound: list[Version] = []
    found = list(contract.unreadable)
    for version in contract:
        found += enveloped(version)
        if basic := [*readable(version)] or [*shaped(version)] or [*named(version)]:
            found += basic
        else:
            sound.append(version)
    found += [finding for version in sound for rule in (noted, opened, sealed, defaulted) for finding in rule(version)]
    found += _evolution(sound)
    found += [finding for version in sound for finding in exemplified(version)]
    newest = {version.name: version for version in sound}
    found += [
        *shared(list(newest.values())),
        *sealable(list(newest.values())),
        *shared_opened(contract),
        *(finding for version in contract.newest() for finding in said(version)),
        *kept(contract),
    ]
    return list(dict.fromkeys(found))


def _evolution(sound: list[Version]) -> Iterator[Finding]:
    """Compare each version with every earlier one; a change that several would notice is told once."""
    for version in sound:
        noticed: dict[SchemaChange, list[str]] = defaultdict(list)
        for old in (one for one in sound if one.name == version.name and one.number < version.number):
            for change in _changes(old, version):
                noticed[change].append(f"v{old.number}")
        for change, olds in noticed.items():
            place = f"{version}, champ {change.path}" if change.path else str(version)
            yield Finding(place, f"{change.detail} depuis {', '.join(olds)}", change.rule, REMEDIES[change.rule])


def _changes(old: Version, new: Version) -> Iterator[SchemaChange]:
    """Our rules first: they are stricter and know the field. Apache's verdict, where they have nothing to say."""
    if ours := changes(old.schema, new.schema):
        yield from ours
        return
    for reader, writer in ((new, old), (old, new)):
        for path, fault in refusals(reader.schema, writer.schema):
            yield SchemaChange(path, f"v{reader.number} ne lit pas v{writer.number}, {fault},", Rule.APACHE)
