"""What the portal showed, noted for some numbers, so that history can be held against it (I8)."""

from __future__ import annotations

import datetime as dt

from django.db import connection

from certification.maintenance.clock import engine_moment
from certification.maintenance.models import StatusSample
from certification.maintenance.status import statuses_by_key

#: Samples older than this are swept.
KEEP = dt.timedelta(days=30)


def sample_statuses(*, now: dt.datetime, size: int = 200) -> int:
    """Note the present status of `size` numbers chosen at random; return how many.

    Nothing is noted while the engine is ahead of the clock (a rehearsal with `tick --at`): what people do then bears
    moments before those of the engine, and no single moment describes what is shown.
    """
    if engine_moment(now) > now:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT id FROM certification_phonenumber
            WHERE released_at IS NULL AND id >= (SELECT floor(random() * max(id)) FROM certification_phonenumber)
            ORDER BY id LIMIT %s
            """,
            [size],
        )
        chosen = [pk for (pk,) in cursor.fetchall()]
    seen = statuses_by_key(chosen)
    StatusSample.objects.bulk_create([StatusSample(number_id=pk, at=now, status=status) for pk, status in seen.items()])
    StatusSample.objects.filter(at__lt=now - KEEP).delete()
    return len(chosen)
