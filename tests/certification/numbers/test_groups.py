"""The tree of groups."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.journal import Actor, JournalEntry
from certification.numbers.groups import tree
from certification.numbers.models import NumberGroup
from tests.cast import NOW, Cast, make_number

BY: dict[str, Any] = {"actor": Actor.command(), "now": NOW}


def add(cast: Cast, name: str, parent: NumberGroup | None = None, kind: str = "store") -> NumberGroup:
    return tree.add_group(company=cast.shop, name=name, kind=kind, parent=parent, **BY)


def change(group: NumberGroup, **values) -> None:
    tree.change_group(group=group, **{"name": group.name, "kind": group.kind, "parent": group.parent, **BY, **values})


def test_tree_counts_what_is_in_and_below_each_group(cast: Cast):
    brand = add(cast, "好味", kind="brand")
    north, south = add(cast, "华北", brand), add(cast, "华南", brand)
    store = add(cast, "一店", north)
    for group, count in ((north, 1), (store, 2), (south, 3)):
        for _turn in range(count):
            make_number(cast.shop, group=group)
    make_number(cast.shop, group=store, released_at=NOW)
    nodes = {node.group.name: (node.depth, node.own, node.total) for node in tree.tree(cast.shop)}
    assert nodes == {"好味": (0, 0, 6), "华北": (1, 1, 3), "一店": (2, 2, 2), "华南": (1, 3, 3)}
    assert {group.name for group in tree.below(north.ref, cast.shop)} == {"华北", "一店"}
    assert not tree.below(north.ref, cast.clinic).exists()


def test_name_is_taken_only_in_the_same_place(cast: Cast):
    brand = add(cast, "好味")
    add(cast, "一店", brand)
    add(cast, "一店")
    with pytest.raises(tree.GroupNameTaken):
        add(cast, "一店", brand)
    with pytest.raises(tree.GroupNameTaken):
        add(cast, "好味")


def test_group_cannot_be_moved_into_itself_or_too_deep(cast: Cast):
    top = add(cast, "1")
    group, chain = top, [top]
    for level in range(2, tree.DEEPEST + 1):
        group = add(cast, str(level), group)
        chain.append(group)
    with pytest.raises(tree.GroupInsideItself):
        add(cast, "7", group)
    for parent in (top, chain[2]):
        with pytest.raises(tree.GroupInsideItself):
            change(top, parent=parent)
    other = add(cast, "其他")
    with pytest.raises(tree.GroupInsideItself):
        change(top, parent=other)
    change(other, parent=chain[3])
    other.refresh_from_db()
    assert other.parent == chain[3]


def test_changes_are_journalled_each_once(cast: Cast):
    brand, group = add(cast, "好味"), add(cast, "一店")
    change(group, name="二店", parent=brand)
    change(NumberGroup.objects.get(pk=group.pk))
    rows = JournalEntry.objects.filter(subject="group", subject_id=group.pk).order_by("id")
    assert [(row.aspect, row.before, row.after) for row in rows] == [
        ("name", "", "一店"),
        ("name", "一店", "二店"),
        ("parent", "", str(brand.pk)),
    ]


def test_only_an_empty_group_is_deleted(cast: Cast):
    brand = add(cast, "好味")
    store = add(cast, "一店", brand)
    number = make_number(cast.shop, group=store)
    for group in (brand, store):
        with pytest.raises(tree.GroupNotEmpty):
            tree.delete_group(group=group, **BY)
    number.delete()
    for _turn in range(2):
        tree.delete_group(group=store, **BY)
    tree.delete_group(group=brand, **BY)
    assert not NumberGroup.objects.exists()


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("", ()),
        ("一店", (("store", "一店"),)),
        ("好味/华北/一店", (("brand", "好味"), ("region", "华北"), ("store", "一店"))),
        ("好味 > 一店", (("brand", "好味"), ("store", "一店"))),
    ],
)
def test_path_is_split_into_its_levels(text: str, steps: tuple[Any, ...]):
    found = tree.split_path(text)
    assert tuple(tuple(step) for step in found) == steps
    assert tree.path_steps(tree.path_text(found)) == found
