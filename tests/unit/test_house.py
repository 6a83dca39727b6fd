"""The house rules that a reader cannot see at a glance: sizes, names, no personal value, no place of work."""

import ast
import re
import statistics
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest
from helpers.product import PRODUCT

ROOT = Path(__file__).resolve().parents[2]
NIR = re.compile(rb"(?<![0-9A-Za-z])[12378]\d{2}(?:0[1-9]|1[0-2]|[2-9]\d)\d(?:\d|A|B)\d{6}(?:\d{2})?(?![0-9A-Za-z])")
PHONE = re.compile(rb"(?<![0-9])(?:\+33|0)[1-9](?:[ .]?\d{2}){4}(?![0-9])")
MAIL = re.compile(rb"[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,6}\b")
FICTIONAL_PHONE = re.compile(rb"^(?:\+33|0)(?:63998|19900|26191|35301|46571|53649)")
ALLOWED_NIR = {
    "avro_schemas/scelle.nir"
}  # the examples of that part, birth place 99 and a country that is not assigned
HOSTS = [
    "pypi" + ".org",
    "registry.npmjs" + ".org",
    "repo1.maven" + ".org",
    "repo.maven" + ".apache",
    "proxy.golang" + ".org",
]


def tracked() -> list[Path]:
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.split(b"\0")
    return [ROOT / name.decode() for name in names if name and (ROOT / name.decode()).is_file()]


@pytest.fixture(scope="module")
def contents() -> dict[str, bytes]:
    return {str(path.relative_to(ROOT)): path.read_bytes() for path in tracked()}


def test_no_file_of_ours_holds_a_social_security_number(contents: dict[str, bytes]) -> None:
    found = {
        name
        for name, content in contents.items()
        if not name.startswith(("requirements/", *ALLOWED_NIR)) and NIR.search(content)
    }

    assert found == set()


def test_phones_are_of_the_ranges_kept_for_fiction(contents: dict[str, bytes]) -> None:
    found = {
        name
        for name, content in contents.items()
        if not name.startswith("requirements/")
        and any(not FICTIONAL_PHONE.match(re.sub(rb"[ .]", b"", phone)) for phone in PHONE.findall(content))
    }

    assert found == set()


def test_mail_addresses_are_of_the_example_domains(contents: dict[str, bytes]) -> None:
    reserved = (b"example.fr", b"example.org", b".example")
    found = {
        (name, mail)
        for name, content in contents.items()
        if not name.startswith(("requirements/", "bus/platform/artifacts.txt"))  # coordinates, not addresses
        for mail in MAIL.findall(content)
        if not mail.rstrip(b".").endswith(reserved)
    }

    assert found == set()


def test_no_file_names_a_package_registry_or_a_place_of_a_machine(contents: dict[str, bytes]) -> None:
    words = [host.encode() for host in HOSTS] + [b"/work" + b"/", b"/root" + b"/", b"/home" + b"/"]
    found = {(name, word) for name, content in contents.items() for word in words if word in content}

    assert found == set()


@pytest.fixture(scope="module")
def python(contents: dict[str, bytes]) -> dict[str, str]:
    """Give the Python text of the tree, empty files left out."""
    return {name: content.decode() for name, content in contents.items() if name.endswith(".py") and content.strip()}


@pytest.fixture(scope="module")
def product(python: dict[str, str]) -> dict[str, str]:
    return {name: text for name, text in python.items() if name.split("/")[0] in PRODUCT}


def test_no_file_is_long(python: dict[str, str]) -> None:
    long = {name for name, text in python.items() if len(text.splitlines()) > 300}

    assert long == set(), "un fichier tient un concept en 300 lignes : coupez-le (one concept, one file)"
    assert {"tests", "bench"} < {name.split("/")[0] for name in python}


def test_half_of_the_files_of_the_product_are_short(product: dict[str, str]) -> None:
    assert statistics.median(len(text.splitlines()) for text in product.values()) <= 100


def test_functions_are_short(product: dict[str, str]) -> None:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = sorted(
        ((node.end_lineno or node.lineno) - node.lineno + 1, f"{name}:{node.name}")
        for name, text in product.items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, kinds)
    )

    assert found[int(len(found) * 0.95)][0] <= 25, f"les plus longues : {found[-10:]}"
    assert found[-1][0] <= 60, f"une fonction dit une chose : {found[-1]}"


def _types(node: ast.stmt) -> list[str]:
    """Give the public classes and aliases of types that a statement of a module names."""
    match node:
        case ast.ClassDef(name=name):
            names = [name]
        case ast.AnnAssign(target=ast.Name(id=name)):
            names = [name]
        case ast.Assign(targets=targets):
            names = [one.id for one in targets if isinstance(one, ast.Name)]
        case _:
            names = []
    return [one for one in names if re.fullmatch("[A-Z][a-z][A-Za-z]*", one)]


def test_a_class_name_has_one_meaning(product: dict[str, str]) -> None:
    packages: defaultdict[str, set[str]] = defaultdict(set)
    for name, text in product.items():
        for node in ast.parse(text).body:
            for one in _types(node):
                packages[one].add(name.split("/")[0])
    twice = {name for name, where in packages.items() if len(where) > 1}

    assert twice == set(), "un nom public de classe, un seul paquet : renommez l’une des deux"
