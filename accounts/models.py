"""The models of this app, each defined beside its rules."""

from accounts.companies import Company, Industry
from accounts.delivery import MailOutage
from accounts.heartbeat import QueueHeartbeat
from accounts.invitations import Invitation
from accounts.journal import JournalEntry, JournalSeal
from accounts.memberships import Membership, StaffAssignment
from accounts.notices import Notice
from accounts.preferences import NoticePreference
from accounts.users import User
from accounts.working_days import CalendarDay

__all__ = [
    "CalendarDay",
    "Company",
    "Industry",
    "Invitation",
    "JournalEntry",
    "JournalSeal",
    "MailOutage",
    "Membership",
    "Notice",
    "NoticePreference",
    "QueueHeartbeat",
    "StaffAssignment",
    "User",
]
