"""What recurs on pages that list or follow things: timeline, pages, tabs, counts, progress, steps, empty states."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import template
from django.utils.translation import gettext

register = template.Library()


@register.inclusion_tag("components/timeline.html")
def timeline(entries: Iterable[Any], title: str = "") -> dict[str, Any]:
    """What happened, newest first as given: `.at .actor_label .text .tone .detail`."""
    return {"entries": entries, "title": title or gettext("Timeline")}


@register.inclusion_tag("components/pagination.html")
def pagination(page: Any, target: str = "") -> dict[str, Any]:
    """Keyset pages: `.first_url .previous_url .next_url .last_url .total_label`; `target` swaps by htmx."""
    return {"page": page, "target": target}


@register.inclusion_tag("components/empty_state.html")
def empty_state(
    title: str, text: str = "", action_url: str = "", action_label: str = "", icon_name: str = "inbox"
) -> dict[str, Any]:
    """Nothing here yet: the reason, and one action."""
    return {
        "title": title,
        "text": text,
        "url": action_url,
        "action": action_label,
        "icon_name": icon_name,
        "kind": "empty",
    }


@register.inclusion_tag("components/empty_state.html")
def no_match(clear_url: str, title: str = "", text: str = "") -> dict[str, Any]:
    """The filters leave nothing: say so and offer to clear them."""
    return {
        "title": title or gettext("No match"),
        "text": text or gettext("Nothing matches these filters."),
        "url": clear_url,
        "action": gettext("Clear filters"),
        "icon_name": "funnel",
        "kind": "no-match",
    }


@register.inclusion_tag("components/empty_state.html")
def load_failed(retry_url: str, text: str = "") -> dict[str, Any]:
    """The data could not be read: never shown as emptiness."""
    return {
        "title": gettext("This could not be loaded"),
        "text": text or gettext("Your data is safe. Try again in a moment."),
        "url": retry_url,
        "action": gettext("Try again"),
        "icon_name": "exclamation-triangle",
        "kind": "failed",
    }


@register.inclusion_tag("components/progress.html")
def progress(
    percent: int,
    label: str,
    done: int | None = None,
    total: int | None = None,
    refresh_url: str = "",
    finished: bool = False,
    seconds: int = 2,
    progress_id: str = "progress",
) -> dict[str, Any]:
    """Determinate progress. `refresh_url` answers with this fragment again, until it is `finished`: then polling stops."""
    return {
        "percent": max(0, min(100, int(percent))),
        "label": label,
        "done": done,
        "total": total,
        "refresh_url": "" if finished else refresh_url,
        "finished": finished,
        "seconds": seconds,
        "progress_id": progress_id,
    }


@register.inclusion_tag("components/tabs.html")
def tabs(items: Iterable[Any], label: str, target: str = "") -> dict[str, Any]:
    """Links that narrow the list below: `.url .label .count .current`."""
    return {"items": items, "label": label, "target": target}


@register.inclusion_tag("components/count_tiles.html")
def count_tiles(tiles: Iterable[Any], label: str) -> dict[str, Any]:
    """Counts that lead to their lists: `.url .label .count .tone .icon .hint`."""
    return {"tiles": tiles, "label": label}


@register.inclusion_tag("components/task_list.html")
def task_list(tasks: Iterable[Any], label: str = "") -> dict[str, Any]:
    """What is left to do: `.label .url .state .state_label .hint`; states done, todo, current, returned, blocked."""
    return {"tasks": tasks, "label": label or gettext("Tasks")}


@register.inclusion_tag("components/step_list.html")
def step_list(steps: Iterable[Any], label: str = "") -> dict[str, Any]:
    """Where a case stands: `.label .state .at .hint`; states done, current, todo, stopped."""
    return {"steps": steps, "label": label or gettext("Steps")}


@register.inclusion_tag("components/checklist.html")
def checklist(items: Iterable[Any], label: str = "") -> dict[str, Any]:
    """What a machine or a person checked: `.label .ok .hint`; ok is True, False or None (not checked)."""
    return {"items": items, "label": label or gettext("Checklist")}


@register.inclusion_tag("components/description_list.html")
def description_list(pairs: Iterable[Any]) -> dict[str, Any]:
    """Pairs (label, value) or (label, value, change_url); empty values show as a dash."""
    rows = [(*pair, "")[:3] for pair in pairs]
    return {"rows": rows}


@register.inclusion_tag("components/result_panel.html")
def result_panel(
    title: str,
    reference: str = "",
    due: Any = None,
    due_latest: Any = None,
    next_steps: Iterable[str] = (),
    action_url: str = "",
    action_label: str = "",
    tone: str = "green",
) -> dict[str, Any]:
    """The end of a submission: reference, due date, what happens next. The page can be reloaded without sending again."""
    return {
        "title": title,
        "reference": reference,
        "due": due,
        "due_latest": due_latest,
        "next_steps": list(next_steps),
        "url": action_url,
        "action": action_label,
        "tone": tone,
        "icon_name": "check-circle" if tone == "green" else "information-circle",
    }


@register.inclusion_tag("components/document_viewer.html")
def document_viewer(
    pages: Iterable[Any], title: str, open_url: str = "", viewer_id: str = "document"
) -> dict[str, Any]:
    """A document's pages as images, with zoom and rotation: `.url .alt .width .height`; `open_url` is the plain way in."""
    return {"pages": list(pages), "title": title, "open_url": open_url, "viewer_id": viewer_id}
