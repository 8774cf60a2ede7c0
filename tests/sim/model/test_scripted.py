"""A scripted mind keeps to its script."""

from bridge.sim.model.reply import Context, Reply, Spoken
from bridge.sim.model.scripted import ScriptedMind

NOTHING = Context(instructions="", turns=(), tools=(), tool_choice="auto")


def test_replies_come_in_order_and_the_last_one_again() -> None:
    one, two = Reply((Spoken("one"),)), Reply((Spoken("two"),))
    mind = ScriptedMind([one, two])
    assert [mind.reply(NOTHING) for _ in range(3)] == [one, two, two]


def test_a_function_is_asked_each_time() -> None:
    mind = ScriptedMind(lambda context: Reply((Spoken(context.instructions),)))
    context = Context(instructions="Say this.", turns=(), tools=(), tool_choice="auto")
    assert mind.reply(context) == Reply((Spoken("Say this."),))
    assert mind.contexts == [context]
