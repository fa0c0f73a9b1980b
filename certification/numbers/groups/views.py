"""The page of groups: the company's own tree, changed a group at a time."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import SignedInRequest, company_view, enter_company_of
from certification.numbers.forms import GroupForm
from certification.numbers.groups import tree as group_tree
from certification.numbers.models import NumberGroup
from certification.numbers.pages import Crumb, crumbs, may_edit


def name_taken() -> str:
    """Why a group cannot be called so."""
    return _("There is a group of this name in the same place.")


def too_deep() -> str:
    """Why a group cannot be put there."""
    return _("A group cannot be inside itself, and the tree has six levels at most.")


@company_view()
def group_list(request: SignedInRequest) -> HttpResponse:
    """The whole tree, and a form that adds to it."""
    form = GroupForm(request.POST if request.method == "POST" else None, company=request.company)
    if request.method == "POST" and form.is_valid():
        try:
            group_tree.add_group(company=request.company, actor=request.actor, now=timezone.now(), **form.cleaned_data)
        except group_tree.GroupNameTaken:
            form.add_error("name", name_taken())
        except group_tree.GroupInsideItself:
            form.add_error("parent", too_deep())
        else:
            messages.success(request, _("The group has been added."))
            return redirect("numbers:groups")
    context = {
        "form": form,
        "nodes": group_tree.tree(request.company),
        "may_edit": may_edit(request),
        "breadcrumb": crumbs(Crumb(_("Groups"))),
    }
    return render(request, "numbers/groups.html", context, status=422 if form.errors else 200)


def group_or_404(request: SignedInRequest, ref: str) -> NumberGroup:
    """A group of a company that the person is a member of."""
    groups = NumberGroup.objects.filter(company__memberships__user=request.user).select_related("company", "parent")
    group = get_object_or_404(groups, ref=ref)
    enter_company_of(request, group.company_id)
    return group


@company_view()
def group_edit(request: SignedInRequest, ref: str) -> HttpResponse:
    """Rename or move a group; delete it when it is empty."""
    group = group_or_404(request, ref)
    inside = frozenset(group_tree.below(group.ref, group.company).values_list("pk", flat=True))
    form = GroupForm(
        request.POST if request.method == "POST" else None,
        company=group.company,
        without=inside,
        initial={"name": group.name, "kind": group.kind, "parent": group.parent_id},
    )
    if request.method == "POST" and "delete" in request.POST:
        try:
            group_tree.delete_group(group=group, actor=request.actor, now=timezone.now())
        except group_tree.GroupNotEmpty:
            messages.warning(request, _("This group is not empty. Move its numbers and groups first."))
            return redirect("numbers:group_edit", group.ref)
        messages.success(request, _("The group has been deleted."))
        return redirect("numbers:groups")
    if request.method == "POST" and form.is_valid():
        try:
            group_tree.change_group(group=group, actor=request.actor, now=timezone.now(), **form.cleaned_data)
        except group_tree.GroupNameTaken:
            form.add_error("name", name_taken())
        except group_tree.GroupInsideItself:
            form.add_error("parent", too_deep())
        else:
            messages.success(request, _("The changes have been saved."))
            return redirect("numbers:groups")
    is_empty = len(inside) == 1 and not group.numbers.filter(released_at__isnull=True).exists()
    context = {
        "form": form,
        "group": group,
        "is_empty": is_empty,
        "breadcrumb": crumbs(Crumb(_("Groups"), reverse("numbers:groups")), Crumb(group.name)),
    }
    return render(request, "numbers/group.html", context, status=422 if form.errors else 200)
