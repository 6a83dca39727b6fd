"""The page of the roles, from their table."""

from bus.roles import ROLES, RoleRow
from tools.reference.markdown import NOTHING, Pages, code, codes, page, table


def pages() -> Pages:
    """Give the page."""
    columns = ("rôle", "secrets", "compte PostgreSQL", "compte Kafka", "port de /metrics", "patience")
    return {
        "roles.md": page(
            "Rôles",
            f"Un processus par rôle ; chacun se lance par {code('bus RÔLE')}, s’arrête sur SIGTERM après avoir fini ce "
            f"qui est en cours, et répond sur {code('/metrics')}, {code('/live')} et {code('/ready')}. Il ne tient que "
            "les secrets de sa ligne, dans son dossier, et son mot de passe Kafka s’il en a un. Le port est celui des "
            "exemples de production ; sur un poste, un port libre. La patience est le temps pendant lequel une "
            "dépendance absente est redemandée sans aucun succès avant que le processus s’arrête avec le code 3, pour "
            "être relancé ; sans patience, il s’arrête aussitôt, ou attend là où son travail le permet.",
            table(columns, (_row(name, row) for name, row in ROLES.items())),
        )
    }


def _row(name: str, row: RoleRow) -> tuple[str, ...]:
    return (
        code(f"bus {name}"),
        codes(row.secrets) or NOTHING,
        code(row.database) if row.database else NOTHING,
        code(row.kafka) if row.kafka else NOTHING,
        code(row.metrics),
        f"{row.patience:g} s" if row.patience else NOTHING,
    )
