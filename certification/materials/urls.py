"""The addresses of materials: the company's under /materials/, the rules that ask for them under /staff/rules/."""

from __future__ import annotations

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from certification.materials import file_views, views


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
]
