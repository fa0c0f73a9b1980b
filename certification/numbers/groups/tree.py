"""A company's own tree of groups: the one writer of it, and how its paths are read and written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db import IntegrityError, models, transaction
from django.db.models import Count, Q

from accounts import journal
from accounts.companies import Company
from accounts.journal import Actor
from certification.numbers.models import GroupKind, NumberGroup

#: How deep a tree can be: brand, region, city, store, and one to spare.
DEEPEST = 6
LEVEL, PART = "\x1f", ":"


class Step(NamedTuple):
    """One level of a path: what kind of group, and its name."""

    kind: str
    name: str


@dataclass
class Node:
    """A group in its tree, with how many of the company's numbers are in it and in everything below it."""

    group: NumberGroup
    depth: int
    own: int
    total: int = 0
    children: list[Node] = field(default_factory=list)


class GroupNameTaken(Exception):
    """There is a group of this name in the same place."""


class GroupNotEmpty(Exception):
    """The group holds numbers or other groups."""


class GroupInsideItself(Exception):
    """A group cannot be moved into itself or below itself, nor deeper than the tree may be."""


def path_text(steps: Iterable[Step]) -> str:
    """A path as import rows keep it."""
    return LEVEL.join(f"{step.kind}{PART}{step.name}" for step in steps)


def path_steps(text: str) -> tuple[Step, ...]:
    """The steps of a path that an import row keeps."""
    return tuple(Step(*part.split(PART, 1)) for part in text.split(LEVEL)) if text else ()


def tree(company: Company) -> list[Node]:
    """All of the company's groups, each before its children, in two queries."""
    groups: list[NumberGroup] = list(
        NumberGroup.objects.filter(company=company)
        .annotate(own=Count("numbers", filter=Q(numbers__released_at__isnull=True)))
        .order_by("name", "pk")
    )
    children: dict[int | None, list[NumberGroup]] = {}
    for group in groups:
        children.setdefault(group.parent_id, []).append(group)
    flat: list[Node] = []

    def walk(parent: int | None, depth: int) -> list[Node]:
        nodes = []
        for group in children.get(parent, []):
            node = Node(group, depth, group.own)  # type: ignore[attr-defined]
            flat.append(node)
            node.children = walk(group.pk, depth + 1)
            node.total = node.own + sum(child.total for child in node.children)
            nodes.append(node)
        return nodes

    walk(None, 0)
    return flat


def paths(company_id: int) -> dict[int, str]:
    """The whole path of each group, `Brand / Region / Store`, by primary key."""
    rows = {
        pk: (parent, name)
        for pk, parent, name in NumberGroup.objects.filter(company_id=company_id).values_list("pk", "parent_id", "name")
    }

    def path(pk: int) -> str:
        names: list[str] = []
        at: int | None = pk
        while at is not None and len(names) < DEEPEST + 1:
            parent, name = rows[at]
            names.append(name)
            at = parent
        return " / ".join(reversed(names))

    return {pk: path(pk) for pk in rows}


def below(group_ref: str, company: Company) -> models.QuerySet[NumberGroup]:
    """The company's group with this reference and every group below it."""
    condition = Q()
    for level in range(DEEPEST):
        condition |= Q(**{"parent__" * level + "ref": group_ref})
    return NumberGroup.objects.filter(condition, company=company)


def journal_group(*, group: NumberGroup, aspect: str, before: str, after: str, actor: Actor, now: dt.datetime) -> None:
    """One journal row for one change of a group."""
    journal.record(
        at=now,
        actor=actor,
        company_id=group.company_id,
        subject="group",
        subject_id=group.pk,
        aspect=aspect,
        before=before[:120],
        after=after[:120],
    )


@transaction.atomic
def add_group(
    *, company: Company, name: str, kind: str, parent: NumberGroup | None, actor: Actor, now: dt.datetime
) -> NumberGroup:
    """Add a group below `parent`, or at the top. Raises GroupNameTaken, and GroupInsideItself where it would be too deep."""
    lock_tree(company)
    if parent is not None and depth_of(parent) + 1 >= DEEPEST:
        raise GroupInsideItself
    try:
        with transaction.atomic():
            group = NumberGroup.objects.create(company=company, name=name, kind=kind, parent=parent)
    except IntegrityError as error:
        raise GroupNameTaken from error
    journal_group(group=group, aspect="name", before="", after=name, actor=actor, now=now)
    return group


@transaction.atomic
def change_group(
    *, group: NumberGroup, name: str, kind: str, parent: NumberGroup | None, actor: Actor, now: dt.datetime
) -> None:
    """Rename, retype or move a group, with everything in it. Repeating it does nothing.

    Raises GroupNameTaken where the new place has a group of this name, GroupInsideItself for a place below itself.
    """
    lock_tree(group.company)
    group = NumberGroup.objects.select_related("company").get(pk=group.pk)
    inside = set(below(group.ref, group.company).values_list("pk", flat=True))
    if parent is not None and (parent.pk in inside or depth_of(parent) + 1 + height_of(group) > DEEPEST):
        raise GroupInsideItself
    changes = [
        (aspect, before, after)
        for aspect, before, after in (
            ("name", group.name, name),
            ("kind", group.kind, kind),
            ("parent", str(group.parent_id or ""), str(parent.pk if parent else "")),
        )
        if before != after
    ]
    if not changes:
        return
    group.name, group.kind, group.parent = name, kind, parent
    try:
        with transaction.atomic():
            group.save(update_fields=["name", "kind", "parent"])
    except IntegrityError as error:
        raise GroupNameTaken from error
    for aspect, before, after in changes:
        journal_group(group=group, aspect=aspect, before=before, after=after, actor=actor, now=now)


@transaction.atomic
def delete_group(*, group: NumberGroup, actor: Actor, now: dt.datetime) -> None:
    """Delete an empty group. Raises GroupNotEmpty; deleting one that is gone does nothing."""
    lock_tree(group.company)
    locked = NumberGroup.objects.filter(pk=group.pk).first()
    if locked is None:
        return
    if locked.children.exists() or locked.numbers.filter(released_at__isnull=True).exists():
        raise GroupNotEmpty
    journal_group(group=locked, aspect="name", before=locked.name, after="", actor=actor, now=now)
    locked.delete()


def lock_tree(company: Company) -> None:
    """Let changes of one company's tree happen one after the other, so that no two of them make a circle."""
    Company.objects.select_for_update(of=("self",), no_key=True).get(pk=company.pk)


def depth_of(group: NumberGroup) -> int:
    """How many groups are above this one."""
    depth, parent = 0, group.parent
    while parent is not None and depth <= DEEPEST:
        depth, parent = depth + 1, parent.parent
    return depth


def height_of(group: NumberGroup) -> int:
    """How many levels the group and what is below it take."""
    height, level = 0, [group.pk]
    while level and height <= DEEPEST:
        height, level = height + 1, list(NumberGroup.objects.filter(parent__in=level).values_list("pk", flat=True))
    return height


def ensure_paths(
    *,
    company: Company,
    wanted: Sequence[tuple[Step, ...]],
    known: dict[tuple[Step, ...], int],
    root: int | None,
    actor: Actor,
    now: dt.datetime,
) -> None:
    """Make every group of the wanted paths (below `root`) exist, level by level, and write their keys into `known`.

    A group of the same name in the same place is taken whatever its kind is. A few statements per level, however many paths.
    """
    deepest = max((len(path) for path in wanted), default=0)
    for level in range(1, deepest + 1):
        missing = {path[:level] for path in wanted if len(path) >= level} - known.keys()
        if not missing:
            continue
        by_place = {(known[path[:-1]] if level > 1 else root, path[-1].name): path for path in missing}
        before = find_groups(company, by_place)
        absent = [place for place in by_place if place not in before]
        NumberGroup.objects.bulk_create(
            [
                NumberGroup(company=company, parent_id=parent, name=name, kind=by_place[parent, name][-1].kind)
                for parent, name in absent
            ],
            ignore_conflicts=True,
            batch_size=1000,
        )
        after = find_groups(company, by_place)
        journal.record_many(
            at=now,
            actor=actor,
            changes=[
                journal.Change("group", after[place], "name", "", place[1], company.pk)
                for place in absent
                if place in after
            ],
        )
        for path in missing:
            known[path] = after[(known[path[:-1]] if level > 1 else root, path[-1].name)]


def find_groups(company: Company, places: Iterable[tuple[int | None, str]]) -> dict[tuple[int | None, str], int]:
    """The keys of the groups that exist among (parent, name)."""
    wanted = set(places)
    rows = NumberGroup.objects.filter(company=company, name__in={name for _parent, name in wanted})
    return {
        (parent, name): pk
        for pk, parent, name in rows.values_list("pk", "parent_id", "name")
        if (parent, name) in wanted
    }


def split_path(text: str, kind: str = GroupKind.STORE) -> tuple[Step, ...]:
    """`Brand / Region / Store` as steps: the first is a brand, the last a store, what is between them regions."""
    names = [name.strip() for name in text.replace("\\", "/").replace(">", "/").replace("／", "/").split("/")]
    names = [name for name in names if name]
    if len(names) <= 1:
        return tuple(Step(str(kind), name) for name in names)
    kinds = [GroupKind.BRAND, *[GroupKind.REGION] * (len(names) - 2), GroupKind.STORE]
    return tuple(Step(str(kind), name) for kind, name in zip(kinds, names, strict=True))
