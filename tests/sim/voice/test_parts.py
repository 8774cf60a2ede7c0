"""Where the parts of the local voice are found."""

import sys

from bridge.sim.voice.parts import PACKAGES, missing_packages, moonshine_assets, moonshine_weights


def test_all_parts_are_installed_with_the_test_extra() -> None:
    assert missing_packages() == ()
    assert len(PACKAGES) == 4


def test_the_weights_are_found_without_importing_their_package() -> None:
    assert moonshine_weights() == moonshine_assets() / "tiny-en"
    assert "moonshine_voice" not in sys.modules
