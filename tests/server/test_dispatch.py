"""The table of handlers against the table of methods."""

import inspect

import pytest

from nimsg.protocol.methods import METHODS
from nimsg.server.context import Context, Reply
from nimsg.server.dispatch import HANDLERS


def test_s2_7_every_method_has_a_handler_and_no_handler_is_without_one() -> None:
    assert HANDLERS.keys() == METHODS.keys()


@pytest.mark.parametrize("name", METHODS)
def test_s2_7_a_handler_takes_what_its_row_decodes(name: str) -> None:
    signature = inspect.signature(HANDLERS[name])
    context, params = signature.parameters.values()

    assert context.annotation is Context
    assert params.annotation is METHODS[name].params
    assert signature.return_annotation is Reply
