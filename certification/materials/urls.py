"""The addresses of materials: the company's under /materials/, the rules that ask for them under /staff/rules/."""

from __future__ import annotations

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from certification.materials import file_views, rule_views, views


class MaterialReference(StringConverter):
    """An opaque reference; anything else is not an address."""

    regex = "[0-9a-f]{12}"


register_converter(MaterialReference, "material_ref")

app_name = "materials"
urlpatterns = [
    path("materials/", views.material_list, name="list"),
    path("materials/add/", views.material_add, name="add"),
    path("materials/<material_ref:ref>/", views.material_detail, name="detail"),
    path("materials/<material_ref:ref>/renew/", views.material_renew, name="renew"),
    path("materials/<material_ref:ref>/withdraw/", views.material_withdraw, name="withdraw"),
    path("materials/<material_ref:ref>/result/", views.material_result, name="result"),
    path("materials/files/<material_ref:ref>/", file_views.material_file, name="file"),
    path("materials/files/<material_ref:ref>/pages/<int:number>/", file_views.material_page, name="page"),
    path("staff/rules/", rule_views.rules, name="rules"),
    path("staff/rules/announce/", rule_views.requirement_announce, name="announce"),
    path("staff/rules/announce/reach/", rule_views.requirement_reach, name="reach"),
    path("staff/rules/requirements/<material_ref:ref>/", rule_views.requirement_detail, name="requirement"),
    path(
        "staff/rules/requirements/<material_ref:ref>/withdraw/",
        rule_views.requirement_withdraw,
        name="requirement_withdraw",
    ),
    path("staff/rules/kinds/", rule_views.kinds, name="kinds"),
    path("staff/rules/kinds/new/", rule_views.catalogue_edit, {"part": "kinds"}, name="kind_new"),
    path("staff/rules/kinds/<slug:code>/", rule_views.catalogue_edit, {"part": "kinds"}, name="kind"),
    path("staff/rules/causes/", rule_views.causes, name="causes"),
    path("staff/rules/causes/<slug:code>/", rule_views.catalogue_edit, {"part": "causes"}, name="cause"),
    path("staff/rules/reasons/", rule_views.reasons, name="reasons"),
    path("staff/rules/reasons/new/", rule_views.reason_edit, name="reason_new"),
    path("staff/rules/reasons/<slug:code>/", rule_views.reason_edit, name="reason"),
    path("staff/rules/days/", rule_views.days, name="days"),
]
