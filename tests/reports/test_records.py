"""The record: its schema, and what the reports read from it."""

from __future__ import annotations

import json
import math
from typing import Any, get_args

import jsonschema
import numpy as np
import pytest

import checkstar.reports as reports
from checkstar.claims import USES
from checkstar.evidence import LimitKind, Verdict
from checkstar.reports import figures, records


def validate(record: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator(reports.schema()).validate(records.plain(record))


def test_the_schema_is_a_valid_schema():
    jsonschema.Draft202012Validator.check_schema(reports.schema())


def test_both_kinds_of_record_satisfy_the_schema(either):
    validate(either)


def test_a_hostile_record_of_text_satisfies_the_schema_after_it_is_made_plain(hostile):
    # Hostile text is legal; what would be illegal in JSON (NaN, lone surrogates) is gone.
    json.dumps(records.plain(hostile), allow_nan=False).encode()
    validate(hostile)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda r: r.update(verdict="GOOD"),
        lambda r: r.update(verdict="SKIPPED"),
        lambda r: r.update(extra=1),
        lambda r: r.pop("limits_of_use"),
        lambda r: r.update(schema_version=2),
        lambda r: r.update(claim=None),
        lambda r: r["claim"].update(tolerance=-1.0),
        lambda r: r["claim"].update(use="anything"),
        lambda r: r["coverage"].update(ran=-1),
        lambda r: r["evidence"][0].update(badge="gold"),
        lambda r: r["evidence"][0].update(value="0.1"),
        lambda r: r["evidence"][0].update(power=1.5),
        lambda r: r["evidence"][0]["parts"][0].update(limit_kind="felt"),
        lambda r: r["evidence"][0]["figure"]["layers"][0].update(kind="pie"),
        lambda r: r["subject"]["costs"].update(model_calls=-1),
    ],
)
def test_a_record_that_is_not_one_is_refused_by_the_schema(record, spoil):
    spoil(record)
    with pytest.raises(jsonschema.ValidationError):
        validate(record)


def test_the_words_of_the_schema_are_those_of_the_code():
    definitions = reports.schema()["$defs"]
    assert definitions["verdict"]["enum"] == [v.value for v in Verdict]
    assert definitions["limit_kind"]["enum"] == list(get_args(LimitKind))
    assert definitions["claim"]["properties"]["use"]["enum"] == list(USES)
    assert definitions["layer"]["properties"]["kind"]["enum"] == list(figures.KINDS)
    assert definitions["layer"]["properties"]["tone"]["enum"] == list(figures.TONES)


def test_plain_keeps_what_json_can_hold_and_nothing_else():
    found = records.plain({1: (np.float32(0.5), math.inf, np.array([[1, 2]])), "s": "a\ud800", "o": object})
    assert found["1"] == [0.5, None, [[1, 2]]]
    assert found["s"] == "a\ufffd"
    assert isinstance(found["o"], str)


def test_readable_removes_terminal_escapes_and_bidi_overrides_but_keeps_lines():
    assert records.readable("a\x1b[31m\u202eb\n\tc\x00") == "a\ufffd[31m\ufffdb\n\tc\ufffd"


def test_parts_are_listed_with_the_worst_that_decides_first(record):
    names = [part["name"] for part in records.by_size(record["evidence"][0]["parts"][::-1])]
    assert names == ["shifted by +1 sd", "shifted by -1 sd", "shifted by +0.5 sd", "like the test set"]


def test_references_are_listed_once_and_the_data_first(either):
    found = records.references_of(either)
    assert found[0].startswith("Sanchez-Blazquez")
    assert len(found) == len(set(found)) == 5


def test_the_tolerance_is_the_claims_or_what_the_deciding_checks_used_by_convention(record, table):
    assert records.tolerance_of(record) == (0.02, "dex")
    assert records.convention_of(record) == ""
    assert records.tolerance_of(table["uses"][0]) == (0.01, "K")
    assert records.convention_of(table["uses"][0]) == USES["ranking"].convention


def test_a_record_of_nothing_can_be_read(empty):
    assert records.references_of(empty) == []
    assert records.subject_line(empty) == []
