"""The house rules that a reader cannot see at a glance: no personal value, no place of work, in what we keep."""

import re
import subprocess
from pathlib import Path

import pytest

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
