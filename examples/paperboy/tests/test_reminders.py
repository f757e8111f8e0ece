from datetime import date

from paperboy import MONTHLY, QUARTERLY, Subscription, due_reminders


def test_reminders_come_soonest_first():
    readers = [
        Subscription("Grace", QUARTERLY, date(2024, 3, 8)),
        Subscription("Ada", MONTHLY, date(2024, 3, 5)),
        Subscription("Emmy", MONTHLY, date(2024, 3, 25)),
    ]
    assert due_reminders(readers, today=date(2024, 6, 3)) == [
        ("Ada", date(2024, 6, 5)),
        ("Grace", date(2024, 6, 8)),
    ]


def test_nobody_is_reminded_after_cancelling():
    reader = Subscription("Ada", MONTHLY, date(2024, 3, 5)).cancel(on=date(2024, 5, 20))
    assert due_reminders([reader], today=date(2024, 6, 3)) == []
