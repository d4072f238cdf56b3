"""The whole table of what a server answers, row by row."""

from tests.conformance.flow_cases import closings, faults, pipelines
from tests.conformance.framing_cases import framing
from tests.conformance.method_cases import methods, states
from tests.conformance.payload_cases import envelopes, json_
from tests.conformance.refusal_cases import refusals


TABLE = (
    *framing(),
    *json_(),
    *envelopes(),
    *methods(),
    *states(),
    *pipelines(),
    *faults(),
    *closings(),
    *refusals(),
)
