import math
import random

from paging import page_count, paginate


def test_every_item_is_on_one_page():
    rng = random.Random(20)
    for _ in range(200):
        items = list(range(rng.randint(0, 60)))
        per_page = rng.randint(1, 15)
        pages = paginate(items, 1, per_page).pages
        seen = [item for number in range(1, pages + 1) for item in paginate(items, number, per_page).items]
        assert seen == items


def test_count_is_the_ceiling():
    for total in range(1, 100):
        for per_page in range(1, 30):
            assert page_count(total, per_page) == math.ceil(total / per_page)


def test_count_for_long_pages():
    for per_page in (100, 128, 1000, 10**6):
        assert [page_count(n * per_page + 1, per_page) for n in range(4)] == [1, 2, 3, 4]
        assert [page_count(n * per_page - 1, per_page) for n in range(1, 5)] == [1, 2, 3, 4]


def test_no_page_is_empty_unless_the_list_is():
    for total in range(1, 50):
        for per_page in (1, 2, 7, 10):
            last = paginate(range(total), 10**6, per_page)
            assert len(last.items) > 0
            assert not last.has_next


def test_exact_multiple_has_no_extra_page():
    assert [page_count(n, 10) for n in (10, 20, 30)] == [1, 2, 3]


def test_one_over_and_one_under():
    assert page_count(21, 10) == 3
    assert page_count(19, 10) == 2


def test_empty():
    page = paginate([], 4, 10)
    assert (list(page.items), page.number, page.pages) == ([], 1, 1)
