"""The addresses of the staff desk: the queue and its cases."""

from __future__ import annotations

from django.urls import path

from certification.reviews.views import bulk, cases, decisions, queue, revocation, staged, statistics, ticks

app_name = "reviews"
urlpatterns = [
    path("queue/", queue.queue, name="queue"),
    path("queue/next/", queue.claim_next, name="next"),
    path("queue/news/", queue.news, name="news"),
    path("queue/together/", bulk.bulk, name="bulk"),
    path("queue/together/<str:batch>/", bulk.result, name="bulk_result"),
    path("queue/together/<str:batch>/undo/", bulk.undo_all, name="bulk_undo"),
    path("queue/together/<str:batch>/apply/", bulk.apply_all, name="bulk_apply"),
    path("cases/<str:ref>/", cases.case, name="case"),
    path("cases/<str:ref>/at-work/", cases.at_work, name="at_work"),
    path("cases/<str:ref>/claim/", cases.claim, name="claim"),
    path("cases/<str:ref>/release/", cases.release, name="release"),
    path("cases/<str:ref>/reassign/", cases.reassign, name="reassign"),
    path("cases/<str:ref>/ticks/", ticks.ticks, name="ticks"),
    path("cases/<str:ref>/decide/<str:decision>/", decisions.decide, name="decide"),
    path("cases/<str:ref>/decided/", staged.decided, name="decided"),
    path("cases/<str:ref>/undo/", staged.undo, name="undo"),
    path("cases/<str:ref>/apply/", staged.apply, name="apply"),
    path("statistics/", statistics.overview, name="statistics"),
    path("statistics/weeks.csv", statistics.weeks_file, name="statistics_weeks"),
    path("statistics/reviewers.csv", statistics.reviewers_file, name="statistics_reviewers"),
    path("companies/<str:ref>/revocation/", revocation.revocation, name="revocation"),
]
