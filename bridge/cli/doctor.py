"""offhook doctor: is everything in place for calls, and if not, what is to be done?"""

import os
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from bridge.cli.console import DONE, FAILED, USAGE, report, stderr, stdout
from bridge.cli.loop import run
from bridge.doctor import Finding, examine, webhook
from bridge.doctor.examination import wrong
from bridge.doctor.numbers import CarrierRefused
from bridge.log import configure
from bridge.settings import Settings, SettingsError

STYLES = {"good": "green", "failed": "red", "skipped": "dim"}
NAME_WIDTH, STATE_WIDTH = 12, 8


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="The findings as JSON.")] = False,
    fix: Annotated[
        bool, typer.Option("--fix", help="Set the webhook of the number, after asking.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --fix: do not ask.")] = False,
) -> None:
    """Check settings, model, telephone, store and disk, and say how to mend what is wrong.

    Ends with 0: all is well, 1: something failed, 2: the settings are wrong.
    """
    try:
        settings = Settings.from_env(os.environ)
    except SettingsError as error:
        _show(wrong(error), as_json)
        raise typer.Exit(USAGE) from None
    # What the checks meet they tell by themselves.
    level = "debug" if settings.log_level == "debug" else "error"
    configure(level, settings.log_json, secrets=settings.secrets())
    findings = run(examine(settings))
    if fix:
        findings = _fixed(settings, findings, yes)
    _show(findings, as_json)
    failed = any(each.state == "failed" for each in findings)
    raise typer.Exit(FAILED if failed else DONE)


def _fixed(settings: Settings, findings: Sequence[Finding], yes: bool) -> list[Finding]:
    """The findings, with that of the webhook as it is afterwards."""
    is_ill = any(each.check == webhook.CHECK and each.state == "failed" for each in findings)
    if not is_ill or settings.public_url is None:
        return list(findings)
    try:
        account = run(webhook.look(settings, settings.public_url))
        for ill in account.ill:
            if ill.wrong and (yes or _agreed(ill)):
                run(webhook.mend(settings, ill))
                stderr.print(f"{ill.number.phone_number} is set", markup=False)
    except CarrierRefused as error:
        stderr.print(f"{error}; {error.mend}", style="red", markup=False)
    again = run(webhook.check(settings))
    return [again if each.check == webhook.CHECK else each for each in findings]


def _agreed(ill: webhook.Diagnosis) -> bool:
    """Where nobody answers it is a no: the findings are still to be shown."""
    stderr.print(ill.told, markup=False)
    try:
        return typer.confirm("Set it so?", err=True)
    except typer.Abort:
        return False


def _show(findings: Sequence[Finding], as_json: bool) -> None:
    if as_json:
        good = all(each.state != "failed" for each in findings)
        report({"good": good, "findings": [asdict(each) for each in findings]})
        return
    indent = " " * (NAME_WIDTH + STATE_WIDTH + 2)
    for each in findings:
        head = f"{each.state:<{STATE_WIDTH}} {each.check:<{NAME_WIDTH}} "
        stdout.print(head, style=STYLES[each.state], markup=False, end="")
        stdout.print(each.told.replace("\n", "\n" + indent), markup=False)
        if each.mend:
            stdout.print(f"{indent}mend: {each.mend}", markup=False)
