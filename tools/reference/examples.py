"""One line to copy for each command; a test parses every one of them with the command that it shows."""

from collections.abc import Mapping
from typing import Final

EXAMPLES: Final[Mapping[str, str]] = {
    "bus db psql": "bus db psql",
    "bus db upgrade": "bus db upgrade",
    "bus deliver": "bus deliver",
    "bus delivery ls": "bus delivery ls --abonnement cd-52-parcours --etat parquee",
    "bus delivery release": "bus delivery release --abonnement cd-52-parcours",
    "bus demo": "bus demo --no-stay",
    "bus dev down": "bus dev down",
    "bus dev status": "bus dev status --json",
    "bus dev up": "bus dev up --detach",
    "bus ingest": "bus ingest rsa.RSABEI.20260113.A0520002.xml --source cnaf",
    "bus personne effacer": "bus personne effacer < nir.txt",
    "bus receiver": "bus receiver --port 8080 --secret-file cd-52.secret --out recus.jsonl",
    "bus relay": "bus relay",
    "bus schemas apply": "bus schemas apply",
    "bus schemas ls": "bus schemas ls",
    "bus stream": "bus stream",
    "bus subscription apply": "bus subscription apply abonnement.toml",
    "bus subscription ls": "bus subscription ls",
    "bus synth": "bus synth --authority 52 --households 50 --out monde",
    "bus topics acl apply": "bus topics acl apply",
    "bus topics acl ls": "bus topics acl ls --json",
    "bus topics acl revoke": "bus topics acl revoke cd-52",
    "bus topics apply": "bus topics apply",
    "bus topics check": "bus topics check",
    "bus topics compte": "bus topics compte bus-stream --fichier stream.mdp",
    "bus topics ls": "bus topics ls --json",
    "bus vault oublier": "bus vault oublier 'ancienne-machine:*'",
    "bus vault rotate": "bus vault rotate --age-minimal 30",
    "bus vault status": "bus vault status --json",
    "bus watch": "bus watch",
}
