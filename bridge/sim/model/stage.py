"""What the parts of one session share."""

from dataclasses import dataclass

from bridge.sim.model.agenda import Agenda
from bridge.sim.model.conversation import Conversation
from bridge.sim.model.dialect import Dialect
from bridge.sim.model.ids import Ids
from bridge.sim.model.outbox import Outbox
from bridge.sim.model.profile import ModelProfile
from bridge.sim.model.records import SessionRecord
from bridge.sim.model.reply import Mind


@dataclass(frozen=True)
class Stage:
    """Everything a response or a turn reaches for; no part owns it."""

    outbox: Outbox
    conversation: Conversation
    dialect: Dialect
    profile: ModelProfile
    mind: Mind
    ids: Ids
    agenda: Agenda
    record: SessionRecord | None
