"""How a form looks: one renderer for every field, the error summary above, the word "Error" in the title."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from django import forms, template
from django.forms import BaseForm, BaseFormSet, BoundField
from django.forms.boundfield import BoundWidget
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

register = template.Library()

#: Context names under which the base template looks for a form with errors.
FORM_NAMES = ("form", "formset", "forms", "formsets", "error_forms")


class ErrorLink(NamedTuple):
    """One line of the error summary; `target` is the id of the field, "" where there is none."""

    target: str
    text: str


class Option(NamedTuple):
    """One radio button or checkbox of a choice."""

    tag: SafeString
    id: str
    label: str


def kind_of(bound: BoundField) -> str:
    """Which part of the field template draws this field."""
    widget = bound.field.widget
    if bound.is_hidden:
        return "hidden"
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return "choices"
    if isinstance(widget, forms.CheckboxInput):
        return "checkbox"
    if isinstance(widget, forms.FileInput):
        return "file"
    if widget.use_fieldset or isinstance(widget, forms.MultiWidget):
        return "group"
    return "input"


def css_class(bound: BoundField, kind: str) -> str:
    """Bootstrap's class for the control, with the widget's own classes kept."""
    own = bound.field.widget.attrs.get("class", "")
    if kind in {"checkbox", "choices"}:
        base = "form-check-input"
    elif isinstance(bound.field.widget, forms.Select | forms.SelectMultiple | forms.SelectDateWidget):
        base = "form-select"
    else:
        base = "form-control"
    return " ".join(filter(None, [base, own, "is-invalid" if bound.errors else ""]))


def use_native_date(bound: BoundField) -> None:
    """Turn a text input for a date into the browser's own control, which wants ISO values whatever the language."""
    widget = bound.field.widget  # this form's own: Form.__init__ copies the declared fields deeply
    if isinstance(widget, forms.DateTimeInput):
        widget.input_type, widget.format = "datetime-local", widget.format or "%Y-%m-%dT%H:%M"
    elif isinstance(widget, forms.DateInput):
        widget.input_type, widget.format = "date", widget.format or "%Y-%m-%d"
    elif isinstance(widget, forms.TimeInput):
        widget.input_type, widget.format = "time", widget.format or "%H:%M"


def first_id(bound: BoundField) -> str:
    """The id of the control that an error link should focus."""
    if kind_of(bound) == "choices":
        return f"{bound.auto_id}_0"
    return str(bound.id_for_label or bound.auto_id)


def options_of(bound: BoundField, attrs: dict[str, Any]) -> list[Option]:
    """The radio buttons or checkboxes of a choice, each with its own label."""
    widget = bound.field.widget
    attrs = bound.build_widget_attrs({**attrs, "id": bound.auto_id}, widget)
    attrs.pop("aria-describedby", None)  # said once, by the fieldset
    options = []
    for data in widget.subwidgets(bound.html_name, bound.value(), attrs):
        choice = BoundWidget(widget, data, bound.form.renderer)
        options.append(Option(choice.tag(wrap_label=False), str(choice.id_for_label), str(choice.choice_label)))
    return options


@register.inclusion_tag("components/field.html")
def field(
    bound: BoundField,
    label: str = "",
    hint: str = "",
    kept: str = "",
    prefix: str = "",
    suffix: str = "",
    optional_mark: bool = True,
    hide_label: bool = False,
    autocomplete: str = "",
    inputmode: str = "",
    rows: int = 0,
    accept: str = "",
) -> dict[str, Any]:
    """One form field with label, hint and errors, wired for screen readers.

    `kept` names a file that was received before an error elsewhere. `prefix` and `suffix` stand inside the
    control's frame ("+86", "days").
    """
    kind = kind_of(bound)
    if kind == "hidden":
        return {"kind": kind, "control": bound.as_hidden()}
    use_native_date(bound)
    hint = hint or str(bound.help_text)
    described = [f"{bound.auto_id}_helptext"] if hint else []
    described += [f"{bound.auto_id}_error"] if bound.errors else []
    attrs: dict[str, Any] = {"class": css_class(bound, kind)}
    extra = {"autocomplete": autocomplete, "inputmode": inputmode, "rows": rows, "accept": accept}
    attrs.update({name: value for name, value in extra.items() if value})
    if described and kind not in {"choices", "group"}:
        attrs["aria-describedby"] = " ".join(described)
    initial = bound.value() if kind == "file" else None
    return {
        "kind": kind,
        "field": bound,
        "id": first_id(bound),
        "auto_id": bound.auto_id,
        "label": label or bound.label,
        "hint": hint,
        "errors": list(bound.errors),
        "described": " ".join(described),
        "options": options_of(bound, attrs) if kind == "choices" else [],
        "control": "" if kind == "choices" else control(bound, kind, attrs),
        "kept": kept or (getattr(initial, "name", "") if initial and not bound.errors else ""),
        "prefix": prefix,
        "suffix": suffix,
        "optional": optional_mark and not bound.field.required and kind != "checkbox",
        "hide_label": hide_label,
    }


def control(bound: BoundField, kind: str, attrs: dict[str, Any]) -> SafeString:
    """The control itself; a file input without Django's "Currently" paragraph, which `kept` replaces."""
    if kind == "file":
        attrs = bound.build_widget_attrs({**attrs, "id": bound.auto_id})
        plain = forms.FileInput()
        plain.attrs = {**bound.field.widget.attrs, **attrs}  # may say "multiple", which the constructor refuses
        plain.allow_multiple_selected = getattr(bound.field.widget, "allow_multiple_selected", False)
        return plain.render(bound.html_name, None, renderer=bound.form.renderer)
    return bound.as_widget(attrs=attrs)


def flatten(sources: Iterable[Any]) -> Iterator[BaseForm | BaseFormSet[Any]]:
    """The forms and formsets among `sources`, lists unpacked, everything else left out."""
    for source in sources:
        if isinstance(source, BaseForm | BaseFormSet):
            yield source
        elif isinstance(source, list | tuple):
            yield from flatten(source)
        elif isinstance(source, dict):
            yield from flatten(source.values())


def has_errors(source: BaseForm | BaseFormSet[Any]) -> bool:
    """Whether a bound form or formset failed."""
    return source.is_bound and not source.is_valid()


def form_errors(form: BaseForm, row: str = "") -> Iterator[ErrorLink]:
    """The errors of one form, those of the whole form first; `row` is put before each text."""
    for message in form.non_field_errors():
        yield ErrorLink("", f"{row}{message}")
    for name, messages in form.errors.items():
        if name == "__all__" or name not in form.fields:
            continue
        bound = form[name]
        for message in messages:
            text = gettext("%(label)s: %(error)s") % {"label": bound.label, "error": message}
            yield ErrorLink("" if bound.is_hidden else first_id(bound), f"{row}{text}")


def error_links(sources: Iterable[Any]) -> list[ErrorLink]:
    """Every error of the failed forms and formsets among `sources`, in page order."""
    links: list[ErrorLink] = []
    for source in flatten(sources):
        if not has_errors(source):
            continue
        if isinstance(source, BaseForm):
            links += form_errors(source)
            continue
        links += [ErrorLink("", str(message)) for message in source.non_form_errors()]
        for number, form in enumerate(source.forms, start=1):
            links += form_errors(form, gettext("Row %(number)d: ") % {"number": number})
    return links


@register.inclusion_tag("components/error_summary.html")
def error_summary(*forms_and_formsets: Any) -> dict[str, Any]:
    """`{% error_summary form formset %}`: what went wrong, each line a link to its field; nothing where all is well.

    `base.html` shows it by itself for the context names in FORM_NAMES.
    """
    return {"links": error_links(forms_and_formsets)}


def forms_in(context: template.Context) -> list[Any]:
    """The forms that the view gave under the agreed names."""
    return [context[name] for name in FORM_NAMES if name in context]


@register.simple_tag(takes_context=True)
def title_prefix(context: template.Context) -> SafeString | str:
    """The word "Error" at the head of the title while a form on the page has errors."""
    failed = any(has_errors(source) for source in flatten(forms_in(context)))
    return format_html("{}", gettext("Error: ")) if failed or context.get("page_has_errors") else ""


@register.inclusion_tag("components/page_banner.html", takes_context=True)
def page_banner(context: template.Context) -> dict[str, Any]:
    """The error summary where a form failed, else the messages of the last action, else nothing: never two at once."""
    links = error_links(forms_in(context))
    return {"links": links, "messages": [] if links else list(context.get("messages") or [])}
