"""What is damaged in a store, as lines for people and for programs."""

from collections.abc import Sequence

from nimsg.cli import show
from nimsg.protocol.strict import JsonObject
from nimsg.store.findings import Problem
from nimsg.text import clean_line


def print_problems(problems: Sequence[Problem]) -> None:
    """A line for each."""
    for problem in problems:
        show.say(clean_line(f"{problem.where}: {problem.what}"))


def print_problem_objects(problems: Sequence[Problem]) -> None:
    """A JSON object for each."""
    for problem in problems:
        members: JsonObject = {"where": problem.where, "what": problem.what}
        show.say(show.json_line("problem", members))
