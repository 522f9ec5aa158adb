"""The parameters of the model `span`; nothing here needs a compiler."""

from compute.margin.span.tables import DEFAULT_VERSION, versions
from compute.parameters import Kind, Parameter

PARAMETERS: dict[str, Parameter] = {
    "version": Parameter(
        kind=Kind.TEXT, default=DEFAULT_VERSION, doc="The version of the model's parameter set.", choices=versions()
    ),
    "span_parameters": Parameter(
        kind=Kind.STRUCTURE,
        default={},
        doc="The exchange's parameters: combined commodities with scan ranges, spreads and minimums; risk arrays: "
        "docs/models/span.md, examples/span_parameters.json.",
    ),
}
