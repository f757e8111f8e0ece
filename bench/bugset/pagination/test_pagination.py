import pytest
from paging import page_bar, page_count, paginate

ITEMS = list(range(1, 26))


def test_full_pages():
    assert page_count(40, 20) == 2


def test_last_page_may_be_short():
    assert page_count(41, 20) == 3


def test_empty_list_has_one_page():
    assert page_count(0, 20) == 1


def test_fewer_than_a_page():
    assert page_count(3, 20) == 1


def test_per_page_is_checked():
    with pytest.raises(ValueError):
        page_count(5, 0)


def test_first_page():
    page = paginate(ITEMS, 1, 10)
    assert page.items == ITEMS[:10]
    assert page.has_next
    assert not page.has_previous


def test_last_page():
    page = paginate(ITEMS, 3, 10)
    assert page.items == [21, 22, 23, 24, 25]
    assert not page.has_next


def test_page_before_the_first():
    assert paginate(ITEMS, 0, 10).number == 1


def test_page_bar():
    assert page_bar(5, 9) == "1 … 4 [5] 6 … 9"
    assert page_bar(1, 3) == "[1] 2 3"
