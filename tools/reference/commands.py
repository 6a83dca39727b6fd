"""The page of the ``bus`` command line, from click itself."""

import inspect
from collections.abc import Iterator

import click

from guichet.cli import root
from guichet.exits import Exit
from tools.reference.examples import EXAMPLES
from tools.reference.markdown import Pages, code, codes, fenced, page, prose, section, table


def pages() -> Pages:
    """Give the page."""
    return {
        "commandes.md": page(
            "Commandes",
            f"Données sur la sortie standard, messages et avancement sur l’erreur standard. {code('--json')} donne "
            f"les mêmes "
            f"données à une machine ; {code('-h')} aide partout.",
            section("Codes de sortie", table(("code", "sens", "que faire"), exit_rows())),
            *(_section(path, command) for path, command in leaves()),
        )
    }


def exit_rows() -> Iterator[tuple[str, str, str]]:
    """Give the rows of the exit codes."""
    for one in Exit:
        yield code(int(one)), one.meaning, one.action


def leaves(command: click.Command = root, path: str = "bus") -> Iterator[tuple[str, click.Command]]:
    """Give every command that does something, by its whole name, in order."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command, info_name=path)
    for name in sorted(command.list_commands(context)):
        inner = command.get_command(context, name)
        if inner is not None and not inner.hidden:
            yield from leaves(inner, f"{path} {name}")


def _section(path: str, command: click.Command) -> str:
    context = click.Context(command, info_name=path)
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    options = [one for one in command.params if isinstance(one, click.Option) and not one.hidden]
    return section(
        path,
        prose(inspect.cleandoc(command.help or "").replace("\b\n", "")),
        fenced(usage),
        table(("option", "valeur", "défaut", "ce qu’elle fait"), map(_row, options)),
        f"Exemple : {code(EXAMPLES[path])}" if path in EXAMPLES else "",
    )


def _row(option: click.Option) -> tuple[str, str, str, str]:
    names = codes([*option.opts, *option.secondary_opts])
    needed = "obligatoire" if option.required else _default(option)
    return names, "" if option.is_flag else _value(option.type), needed, option.help or ""


def _value(kind: click.ParamType) -> str:
    """Give what an option takes, in a reader's words."""
    match kind:
        case click.Choice(choices=choices):
            return " ou ".join(code(one) for one in choices)
        case click.IntRange() | click.FloatRange():
            bounds = (
                f"au moins {kind.min:g}" if kind.min is not None else "",
                f"au plus {kind.max:g}" if kind.max else "",
            )
            return ", ".join(["entier" if isinstance(kind, click.IntRange) else "nombre", *filter(None, bounds)])
        case click.DateTime(formats=formats):
            return f"date {codes(formats)}"
        case click.Path():
            return "dossier" if not kind.file_okay else "fichier"
        case _:
            return {"integer": "entier", "float": "nombre"}.get(kind.name, "texte")


def _default(option: click.Option) -> str:
    value = option.default
    if isinstance(value, bool):
        return code(option.opts[0] if value else option.secondary_opts[0]) if option.secondary_opts else ""
    return code(f"{value:g}" if isinstance(value, float) else value) if isinstance(value, (str, int, float)) else ""
