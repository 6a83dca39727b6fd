"""The ``bus`` command: a table of commands loaded when they are called, and one mapping from errors to exit codes.

Exit codes: ``guichet.exits``.
"""

import difflib
import importlib
import sys
from collections.abc import Mapping
from typing import Final

import click

from bus.errors import BusError, InvalidEvent, Refused
from guichet.exits import Exit
from guichet.output import note

# Loaded late: the stream role must never import what the vault needs.
COMMANDS: Final[Mapping[str, str]] = {
    "db": "guichet.commands.db:db",
    "deliver": "guichet.commands.deliver:deliver",
    "delivery": "guichet.commands.delivery:delivery",
    "demo": "guichet.commands.demo:demo",
    "dev": "guichet.commands.dev:dev",
    "ingest": "guichet.commands.ingest:ingest",
    "personne": "guichet.commands.personne:personne",
    "receiver": "guichet.commands.receiver:receiver",
    "relay": "guichet.commands.relay:relay",
    "schemas": "guichet.commands.schemas:schemas",
    "stream": "guichet.commands.stream:stream",
    "subscription": "guichet.commands.subscription:subscription",
    "synth": "guichet.commands.synth:synth",
    "topics": "guichet.commands.topics:topics",
    "vault": "guichet.commands.vault:vault",
    "watch": "guichet.commands.watch:watch",
}


class Commands(click.Group):
    """A group that imports a command only when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Give the names, in order."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command; an unknown name is answered with the nearest ones."""
        target = COMMANDS.get(cmd_name)
        if target is None:
            near = difflib.get_close_matches(cmd_name, COMMANDS)
            hint = f" Vouliez-vous dire : {', '.join(near)} ?" if near else ""
            ctx.fail(f"commande inconnue : {cmd_name}.{hint}")
        module, _, name = target.partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="insertion-bus", prog_name="bus")
def root() -> None:
    """Le bus d’événements de l’insertion sociale : des fichiers Cnaf/MSA aux webhooks signés, le jour même."""


def main() -> None:
    """Run the command line and turn every expected error into a sentence and an exit code."""
    try:
        code = root.main(standalone_mode=False, prog_name="bus")
        sys.exit(
            code if isinstance(code, int) else Exit.DONE
        )  # click gives back the code of ctx.exit() instead of raising
    except click.Abort:
        note("interrompu")
        sys.exit(Exit.INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BusError as error:
        note(f"erreur : {error}")
        sys.exit(Exit.REFUSED if isinstance(error, (Refused, InvalidEvent)) else Exit.ENVIRONMENT)
    except Exception as error:
        if not _is_lost_database(error):
            raise  # a bug: the traceback is what helps
        note("erreur : la base PostgreSQL a cessé de répondre")
        sys.exit(Exit.ENVIRONMENT)


def _is_lost_database(error: Exception) -> bool:
    """Tell whether the server went away in the middle of a command; psycopg is looked up, not loaded."""
    psycopg = sys.modules.get("psycopg")
    return psycopg is not None and isinstance(error, psycopg.OperationalError)
