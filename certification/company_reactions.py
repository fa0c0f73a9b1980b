"""What certification does when a company is registered, corrected, or moves: the hooks of accounts, filled in."""

from __future__ import annotations

from accounts import company_changes, registration
from certification.reminders.time_zones import move_reminders
from certification.reviews import subjects
from certification.reviews.companies import (
    SUBJECT,
    CompanySubject,
    open_company_review,
    reconcile_after_industry_change,
    verification_due,
)

subjects.register(SUBJECT, CompanySubject())
registration.AFTER_REGISTRATION.append(open_company_review)
registration.WAITING_UNTIL.append(verification_due)
company_changes.AFTER_TIME_ZONE_CHANGE.append(move_reminders)
company_changes.AFTER_INDUSTRY_CHANGE.append(reconcile_after_industry_change)
