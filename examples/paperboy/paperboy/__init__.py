"""Subscriptions, renewals and invoices for a small magazine."""

from paperboy.invoices import Invoice, invoice_for, switch_credit
from paperboy.plans import MONTHLY, PLANS, QUARTERLY, YEARLY, Plan, plan_named
from paperboy.reminders import due_reminders
from paperboy.subscriptions import Subscription

__version__ = "1.4.2"

__all__ = [
    "MONTHLY",
    "PLANS",
    "QUARTERLY",
    "YEARLY",
    "Invoice",
    "Plan",
    "Subscription",
    "due_reminders",
    "invoice_for",
    "plan_named",
    "switch_credit",
]
