import random

from bills import settle, split_evenly


def shares_of(total, people):
    return [share.cents for share in split_evenly(total, [f"p{n}" for n in range(people)])]


def test_shares_add_up_for_all_small_bills():
    for total in range(0, 120):
        for people in range(1, 12):
            assert sum(shares_of(total, people)) == total


def test_shares_differ_by_at_most_a_cent():
    rng = random.Random(4)
    for _ in range(300):
        shares = shares_of(rng.randint(0, 10**7), rng.randint(1, 40))
        assert max(shares) - min(shares) <= 1


def test_the_first_ones_pay_more():
    for total in range(100):
        shares = shares_of(total, 7)
        assert shares == sorted(shares, reverse=True)


def test_large_bill_is_exact():
    assert sum(shares_of(10**18 + 1, 3)) == 10**18 + 1


def test_fewer_cents_than_people():
    assert shares_of(3, 4) == [1, 1, 1, 0]


def test_one_cent():
    assert shares_of(1, 4) == [1, 0, 0, 0]


def test_debts_cancel_out():
    rng = random.Random(5)
    for _ in range(100):
        paid = {f"p{n}": rng.randint(0, 5000) for n in range(rng.randint(1, 9))}
        assert sum(settle(sum(paid.values()), paid).values()) == 0
