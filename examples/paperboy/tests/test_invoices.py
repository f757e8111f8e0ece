from datetime import date

from paperboy import MONTHLY, YEARLY, Subscription, invoice_for, switch_credit


def test_invoice_covers_the_whole_period():
    invoice = invoice_for(Subscription("Ada", MONTHLY, date(2024, 4, 5)), date(2024, 4, 20))
    assert invoice.text == "Monthly plan, 2024-04-05 to 2024-05-04"
    assert invoice.total_cents == 690


def test_invoice_is_due_on_a_workday():
    invoice = invoice_for(Subscription("Ada", MONTHLY, date(2024, 6, 1)), date(2024, 6, 1))
    assert invoice.due == date(2024, 6, 17)


def test_invoice_line_is_aligned():
    invoice = invoice_for(Subscription("Ada", YEARLY, date(2024, 1, 1)), date(2024, 1, 1))
    assert invoice.line() == "Yearly plan, 2024-01-01 to 2024-12-31           69.00 EUR"


def test_switching_plans_gives_back_the_unused_days():
    subscription = Subscription("Ada", MONTHLY, date(2024, 4, 1))
    assert switch_credit(subscription, YEARLY, date(2024, 4, 16)) == 345


def test_switching_to_the_same_plan_gives_nothing_back():
    assert switch_credit(Subscription("Ada", MONTHLY, date(2024, 4, 1)), MONTHLY, date(2024, 4, 16)) == 0
