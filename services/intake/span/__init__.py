"""SPAN risk parameter files of exchanges, in CME's XML format, as the structure that `span_parameters` takes."""
