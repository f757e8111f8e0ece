import pytest
from bills import Share, receipt, settle, split_evenly, with_tip


def test_even_split():
    assert split_evenly(900, ["ann", "bob", "cy"]) == [Share("ann", 300), Share("bob", 300), Share("cy", 300)]


def test_one_cent_left_goes_to_the_first():
    assert [share.cents for share in split_evenly(1000, ["ann", "bob", "cy"])] == [334, 333, 333]


def test_two_cents_left():
    assert [share.cents for share in split_evenly(200, ["ann", "bob", "cy"])] == [67, 67, 66]


def test_single_person_pays_all():
    assert split_evenly(1234, ["ann"]) == [Share("ann", 1234)]


def test_nobody():
    with pytest.raises(ValueError):
        split_evenly(100, [])


def test_tip_rounds_half_up():
    assert with_tip(1050, 15) == 1208


def test_settle():
    assert settle(3000, {"ann": 3000, "bob": 0, "cy": 0}) == {"ann": -2000, "bob": 1000, "cy": 1000}


def test_settle_needs_the_full_amount():
    with pytest.raises(ValueError):
        settle(3000, {"ann": 2999})


def test_receipt():
    assert receipt([Share("ann", 1005), Share("robert", 90)]) == "ann     10.05\nrobert  0.90"
