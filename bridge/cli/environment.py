"""The settings of a command: the environment, with its flags put on top."""

import os

from bridge.cli.console import USAGE, stderr, stop
from bridge.log import configure
from bridge.settings import Settings, SettingsError


def settings_from(*, telephone: bool = True, model: bool = True, **flags: object) -> Settings:
    """``OFFHOOK_…`` by flag where a flag is given; prints warnings, ends with 2 on problems.
    ``telephone`` and ``model`` False: what is to be said of Twilio, or of the model, does not
    matter here."""
    environ = dict(os.environ)
    for name, value in flags.items():
        if value is not None:
            environ[f"OFFHOOK_{name.upper()}"] = str(value)
    try:
        settings = Settings.from_env(environ)
    except SettingsError as error:
        stop(str(error), USAGE)
    configure(settings.log_level, settings.log_json, secrets=settings.secrets())
    for warning in settings.warnings:
        if not telephone and warning.startswith(("TWILIO_", "OFFHOOK_TWILIO_")):
            continue
        if not model and warning.startswith("No model"):
            continue
        stderr.print(f"warning: {warning}", style="yellow", markup=False)
    return settings
