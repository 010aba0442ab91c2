import os

import pytest

from checkstar.data.curve_sources import CATALINA_CLASSES
from checkstar.problems.star_names import COMMON_CLASSES, common_class
from checkstar.simulators.star_classes import NON_PERIODIC, SHARES


def test_every_class_of_catalina_and_of_the_simulator_has_a_counterpart_or_is_known_to_have_none():
    alone = {name for name in [*CATALINA_CLASSES.values(), *SHARES] if common_class(name) is None}
    assert alone == {"RRd", "MISC", NON_PERIODIC}


def test_no_name_stands_for_two_classes():
    names = [own for owns in COMMON_CLASSES.values() for own in owns]
    assert len(set(names)) == len(names)
    # A common name that a survey uses too means the same there.
    assert all(common_class(name) in (name, None) for name in COMMON_CLASSES)


def test_the_names_of_asas_are_those_of_its_file():
    if not os.environ.get("CHECKSTAR_DATA"):
        pytest.skip("CHECKSTAR_DATA is not set: the shared data are not here")
    from checkstar.data.curve_sources import asas_variables

    found = set(asas_variables().meta["class"])
    of_asas = {own for owns in COMMON_CLASSES.values() for own in owns} - set(CATALINA_CLASSES.values()) - set(SHARES)
    assert of_asas <= found | {"Blazhko"}
    assert {name for name in found if common_class(name) is None} == {
        *("Beta_Cephei", "ClassT_Tauri", "Herbig_AEBE", "Pulsating_Be"),
        *("RCB", "RR_Lyrae_DM", "S_Doradus"),
    }
