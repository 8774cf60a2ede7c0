"""The clock against those of others."""

import asyncio
import time
from pathlib import Path

import pytest

from bridge.doctor import Finding, clock
from bridge.sim.carrier.rest import RestFacade
from tests.doctor.patient import answering, response, settings
from tests.support.ends import ACCOUNT_SID


def found(
    state_dir: Path, carrier_ahead_s: float, *, ours_ahead_s: float = 0.0, model: bytes = b"x"
) -> Finding:
    async def main() -> Finding:
        async with (
            answering(model) as address,
            RestFacade(ACCOUNT_SID, "the-auth-token") as facade,
        ):
            facade.clock_ahead_s = carrier_ahead_s
            asked = settings(
                state_dir,
                OPENAI_BASE_URL=f"http://{address}/v1",
                TWILIO_ACCOUNT_SID=ACCOUNT_SID,
                TWILIO_AUTH_TOKEN="the-auth-token",
                OFFHOOK_TWILIO_API_URL=facade.url,
            )
            return await clock.check(asked, lambda: time.time() + ours_ahead_s)

    return asyncio.run(main())


def test_a_right_clock_is_good(tmp_path: Path) -> None:
    assert found(tmp_path, 0).state == "good"


@pytest.mark.parametrize(("ahead_s", "told"), [(90, "90 s ahead"), (-3600, "3600 s behind")])
def test_a_clock_that_is_off_fails_with_its_size_and_way(
    tmp_path: Path, ahead_s: float, told: str
) -> None:
    finding = found(tmp_path, 0, ours_ahead_s=ahead_s)
    assert finding.state == "failed"
    # Date has whole seconds.
    near = {told, told.replace("90", "91"), told.replace("3600", "3599")}
    assert any(each in finding.told for each in near), finding.told
    assert "NTP" in finding.mend


def test_one_other_clock_that_is_wrong_does_not_make_ours_wrong(tmp_path: Path) -> None:
    right = response(404, "", f"Date: {time.strftime('%a, %d %b %Y %H:%M:%S GMT', time.gmtime())}")
    assert found(tmp_path, 7200, model=right).state == "good"
    assert found(tmp_path, 7200).state == "failed"


def test_answers_without_a_date_prove_nothing(tmp_path: Path) -> None:
    async def main() -> list[Finding]:
        found = []
        for answer in (response(200), response(200, "", "Date: yesterday"), b"no http"):
            async with answering(answer) as address:
                asked = settings(tmp_path, OPENAI_BASE_URL=f"http://{address}/v1")
                found.append(await clock.check(asked))
        return found

    assert [each.state for each in asyncio.run(main())] == ["skipped"] * 3
