"""The Java archives of the local platform: exact coordinates, known digests, downloaded once.

``jgo`` fetches one named file at a time. Its resolver is not used: it mixes versions of Kafka (non-obvious.md).
"""

import hashlib
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Self

import orjson

from bus.errors import Misconfigured, Unavailable
from bus.platform import java
from bus.platform.locks import exclusive

DOWNLOADS: Final = 8
"""Files fetched at the same time."""
ATTEMPTS: Final = 3
REGISTRY_ARTIFACT: Final = "apicurio-registry-app"

DownloadProgress = Callable[[str], None]
Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Artifact:
    """One file of a Maven repository and the digest it must have."""

    group: str
    name: str
    version: str
    classifier: str
    packaging: str
    sha256: str

    @property
    def filename(self) -> str:
        """Give the name that Maven repositories use for this file."""
        return f"{self.name}-{self.version}{self.classifier and '-' + self.classifier}.{self.packaging}"

    @classmethod
    def parse(cls, line: str) -> Self:
        """Read ``group:name:version[:classifier@packaging] sha256``."""
        coordinates, sha256 = line.split()
        group, name, version, *rest = coordinates.split(":")
        classifier, packaging = rest[0].split("@") if rest else ("", "jar")
        return cls(group, name, version, classifier, packaging, sha256)


@dataclass(frozen=True, slots=True)
class Installed:
    """Where the verified files are: the class path of Kafka in a fixed order, the unpacked registry."""

    kafka_jars: tuple[Path, ...]
    registry: Path
    folder: Path


def declared() -> tuple[Artifact, ...]:
    """Give the closed list of what is downloaded, in the order of the data file."""
    return listed(files("bus.platform").joinpath("artifacts.txt").read_text(encoding="utf-8"))


def listed(text: str) -> tuple[Artifact, ...]:
    """Read a closed list: one artifact a line, ``#`` begins a comment."""
    return tuple(Artifact.parse(line) for line in text.splitlines() if line.strip() and not line.startswith("#"))


def fetch(folder: Path, artifacts: tuple[Artifact, ...], progress: DownloadProgress) -> tuple[Path, ...]:
    """Have the given artifacts in ``folder``, verified, and give their paths in that order; else as ``install``."""
    _writable(folder)
    with exclusive(folder / "verrou"), _stamps(folder / "verifies.json") as known:
        _fetch_missing(folder, artifacts, known, progress)
    return tuple(folder / artifact.filename for artifact in artifacts)


def install(folder: Path, progress: DownloadProgress, wanted: tuple[Artifact, ...] | None = None) -> Installed:
    """Have every artifact in ``folder``, verified; fetch only what is missing or altered.

    Safe when several processes call it at once (they take turns) and when an earlier call was killed.

    Raises:
        Unavailable: something is missing and cannot be downloaded; the next call resumes.
        Misconfigured: what the repository serves has not the declared digest.
    """
    artifacts = wanted or declared()
    _writable(folder)
    with exclusive(folder / "verrou"), _stamps(folder / "verifies.json") as known:
        _fetch_missing(folder, artifacts, known, progress)
        registry = next(a for a in artifacts if a.name == REGISTRY_ARTIFACT)
        unpacked = _unpack(folder, registry, progress)
        java.ensure_base_archive(folder)
    jars = sorted(folder / a.filename for a in artifacts if a.packaging == "jar")
    return Installed(tuple(jars), unpacked, folder)


def _writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Misconfigured(
            f"{folder} ne peut pas être créé ; donnez un autre dossier par BUS_ARTIFACTS_DIR"
        ) from error
    if not os.access(folder, os.W_OK):
        raise Misconfigured(f"{folder} ne s’écrit pas ; donnez un autre dossier par BUS_ARTIFACTS_DIR")


def _fetch_missing(
    folder: Path, artifacts: tuple[Artifact, ...], known: dict[str, Stamp], progress: DownloadProgress
) -> None:
    missing = [a for a in artifacts if not _verified(folder, a, known)]
    if not missing:
        return
    progress(f"téléchargement de {len(missing)} artefacts Java (une seule fois)…")
    staging = Path(tempfile.mkdtemp(prefix="partiel-", dir=folder))
    try:
        with ThreadPoolExecutor(DOWNLOADS, "artefact") as pool:
            futures = {pool.submit(_download, staging, a): a for a in missing}
            for done, future in enumerate(as_completed(futures), 1):
                artifact = futures[future]
                path = future.result().replace(folder / artifact.filename)
                known[artifact.filename] = _stamp(path)
                progress(f"  {done}/{len(missing)} {artifact.filename} ({path.stat().st_size / 1e6:.1f} Mo)")
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _download(staging: Path, artifact: Artifact) -> Path:
    """Fetch one file beside its final place: jgo writes under the final name at once, a killed run would leave half."""
    from jgo.maven import MavenContext  # slow to import, needed once in the life of a checkout

    failure: Exception | None = None
    for attempt in range(ATTEMPTS):
        try:
            context = MavenContext(repo_cache=staging / f"{artifact.filename}.{attempt}", local_repos=[], timeout=30)
            version = context.project(artifact.group, artifact.name).at_version(artifact.version)
            path = Path(version.artifact(classifier=artifact.classifier, packaging=artifact.packaging).resolve())
        except Exception as error:  # noqa: BLE001  jgo lets errors of requests, urllib3 and its own through
            failure = error
            continue
        if _digest(path) != artifact.sha256:
            raise Misconfigured(f"{artifact.filename} : l’empreinte SHA-256 n’est pas celle qui est déclarée")
        return path
    raise Unavailable(
        f"{artifact.filename} n’a pas pu être téléchargé ({type(failure).__name__}). Vérifiez l’accès au réseau, "
        "ou donnez un dossier déjà rempli par BUS_ARTIFACTS_DIR ; ce qui est arrivé est gardé."
    ) from failure


def _verified(folder: Path, artifact: Artifact, known: dict[str, Stamp]) -> bool:
    """Say whether the file is there with its digest; hashed again unless it is, to the change time, the one hashed."""
    path = folder / artifact.filename
    if not path.is_file():
        return False
    if known.get(artifact.filename) == _stamp(path):
        return True
    if _digest(path) != artifact.sha256:
        path.unlink()
        return False
    known[artifact.filename] = _stamp(path)
    return True


# Debian 12's own Python, 3.11.2, has no filter; what is unpacked is pinned by its digest either way.
_SAFELY: Final[dict[str, Any]] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}


def _unpack(folder: Path, artifact: Artifact, progress: DownloadProgress) -> Path:
    """Give the registry's folder, unpacked whole; a file that changed since is a reason to unpack again."""
    target = folder / f"{artifact.name}-{artifact.version}"
    manifest = folder / f"{target.name}.json"
    if manifest.is_file() and orjson.loads(manifest.read_bytes()) == _tree(target, artifact.sha256):
        return target
    progress("dépaquetage du registre de schémas…")
    shutil.rmtree(target, ignore_errors=True)
    with tarfile.open(folder / artifact.filename) as archive:
        archive.extractall(target, **_SAFELY)  # noqa: S202 - the archive is the one whose digest we know
    _write(manifest, _tree(target, artifact.sha256))
    return target


def _tree(folder: Path, sha256: str) -> dict[str, str | list[int]]:
    entries = {str(p.relative_to(folder)): list(_stamp(p)) for p in sorted(folder.rglob("*")) if p.is_file()}
    return {"": sha256, **entries}


def _stamp(path: Path) -> Stamp:
    """Give what changes whenever a file does; the inode change time cannot be set by ordinary means."""
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def _stamps(path: Path) -> Iterator[dict[str, Stamp]]:
    """Lend the cache of verified files; kept even when a download fails, so that the next call resumes."""
    try:
        known = {name: (s[0], s[1], s[2]) for name, s in orjson.loads(path.read_bytes()).items()}
    except (FileNotFoundError, orjson.JSONDecodeError):
        known = {}
    before = dict(known)
    try:
        yield known
    finally:
        if known != before:
            _write(path, known)


def _write(path: Path, content: Mapping[str, object]) -> None:
    partial = path.with_suffix(".tmp")
    partial.write_bytes(orjson.dumps(content))
    partial.replace(path)
