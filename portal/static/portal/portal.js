/* What makes pages better where there is JavaScript. Everything works without it. No eval, no inline code, no dependency but htmx. */
(() => {
  "use strict";

  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const words = () => $("#draft-note")?.dataset ?? {};
  const isTyping = (element) => element.matches("input, textarea, select, [contenteditable]");
  document.documentElement.classList.add("js");

  // --- Storage may be refused (private windows, full disk): then nothing is kept, and nothing breaks -----------

  const store = (storage) => ({
    get(key) { try { return window[storage].getItem(key); } catch { return null; } },
    set(key, value) { try { window[storage].setItem(key, value); } catch { /* not kept */ } },
    remove(key) { try { window[storage].removeItem(key); } catch { /* not kept */ } },
    keys() { try { return Object.keys(window[storage]); } catch { return []; } },
  });
  const tab = store("sessionStorage");
  const device = store("localStorage");

  // --- Words for those who listen --------------------------------------------------------------------------------

  function announce(text) {
    const region = $("#announcer");
    if (!region || !text) return;
    region.textContent = "";
    setTimeout(() => { region.textContent = text; }, 100);
  }

  // --- Sent once: a second click on a form that is under way does nothing ------------------------------------------

  let waiting = null; // the timer that keeps a draft
  let clicked = null; // the button of a live form, which htmx does not name when the connection fails

  function hold(form, button) {
    form.dataset.sent = "yes";
    if (!button) return;
    setTimeout(() => { // after the browser has collected the fields, of which the button may be one
      if (!form.dataset.sent) return;
      button.disabled = true;
      if (button.classList.contains("btn") && !button.dataset.label) {
        button.dataset.label = button.innerHTML;
        button.textContent = words().sending || button.textContent;
      }
    });
  }

  function release(form) {
    delete form.dataset.sent;
    for (const button of $$("button:disabled", form).concat($$(`button[form="${form.id}"]:disabled`))) {
      if (!button.dataset.label) continue;
      button.innerHTML = button.dataset.label;
      delete button.dataset.label;
      button.disabled = false;
    }
  }

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || form.hasAttribute("data-no-guard")) return;
    if (form.dataset.sent) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    if (form.hasAttribute("data-clears-drafts")) forgetDrafts();
    clearTimeout(waiting);
    keepDraft(form);
    if (!navigator.onLine) { // leaving now would end on the browser's own error page
      event.preventDefault();
      event.stopImmediatePropagation();
      connectionLost("offline", () => form.requestSubmit(event.submitter));
      return;
    }
    clicked = event.submitter;
    if (form.dataset.draft) tab.set(`sent:${form.dataset.draft}`, location.pathname);
    hold(form, event.submitter);
  }, true);

  window.addEventListener("pageshow", (event) => {
    $$("form[data-sent]").forEach(release);
    if (event.persisted) $$("details[data-menu][open]").forEach((menu) => { menu.open = false; });
  });

  // --- Lost connection: say so, keep everything, offer to try again -------------------------------------------------

  let retry = null;
  let shownByAnswer = false; // an answer of 200 that is the sign-in page: the request counts as successful, the banner stays

  function connectionLost(kind, again) {
    const bar = $("#connection");
    if (!bar) return;
    $("[data-connection-text]", bar).textContent = bar.dataset[kind] ?? bar.dataset.server;
    retry = again;
    $("[data-connection-retry]", bar).hidden = !again;
    const door = $("[data-connection-login]", bar);
    if (door) door.hidden = kind !== "signedOut";
    bar.hidden = false;
  }

  function connectionBack() {
    const bar = $("#connection");
    if (bar) bar.hidden = true;
    retry = null;
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-connection-retry]")) {
      const again = retry;
      connectionBack();
      again?.();
    } else if (event.target.closest("[data-connection-close]")) {
      connectionBack();
    }
  });

  function againFor(event) {
    const { elt, requestConfig } = event.detail;
    const button = clicked;
    if (elt instanceof HTMLFormElement) return () => elt.requestSubmit(button?.isConnected ? button : null);
    if (elt instanceof HTMLAnchorElement && elt.href) return () => elt.click();
    const verb = requestConfig?.verb;
    return verb ? () => window.htmx.ajax(verb, requestConfig.path, { source: elt, target: event.detail.target }) : null;
  }

  const isPolling = (event) => event.detail.elt.getAttribute?.("hx-trigger")?.startsWith("every");

  function takeToken(token) {
    if (!token) return;
    for (const field of $$("input[name=csrfmiddlewaretoken]")) field.value = token;
    if (document.body.hasAttribute("hx-headers")) document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
  }

  // The session ended, and the answer is the sign-in page: keep this page and what was typed into it.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const login = $("#connection")?.dataset.login;
    const { xhr } = event.detail;
    if (!login || !xhr.responseURL || location.pathname === login || new URL(xhr.responseURL).pathname !== login) return;
    event.detail.shouldSwap = false;
    if (isPolling(event)) return;
    const form = event.detail.requestConfig?.elt;
    if (form?.dataset?.draft) tab.remove(`sent:${form.dataset.draft}`);
    connectionLost("signedOut", againFor({ detail: { ...event.detail, elt: form ?? event.detail.elt } }));
    shownByAnswer = true;
  });

  document.addEventListener("htmx:sendError", (event) => { if (!isPolling(event)) connectionLost("offline", againFor(event)); });
  document.addEventListener("htmx:timeout", (event) => { if (!isPolling(event)) connectionLost("offline", againFor(event)); });
  document.addEventListener("htmx:responseError", (event) => {
    const { status } = event.detail.xhr;
    const form = event.detail.xhr.getResponseHeader("X-Portal-Form"); // "expired" or "signed-out": the form was not taken
    if (form) {
      takeToken(event.detail.xhr.getResponseHeader("X-CSRFToken"));
      connectionLost(form === "expired" ? "expired" : "signedOut", againFor(event));
      return;
    }
    if (isPolling(event) && status >= 500) return; // the next poll tries again by itself
    if (status === 429) connectionLost("busy", againFor(event));
    else if (status >= 500) connectionLost("server", againFor(event));
    else connectionLost("refused", null);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.detail.elt.closest?.("form");
    if (form) release(form);
    if (event.detail.successful && !shownByAnswer) connectionBack();
    shownByAnswer = false;
  });
  window.addEventListener("online", () => { if (retry) announce($("[data-connection-retry]")?.textContent); });

  // Filters: what was typed has been searched for already when the field is left; empty fields stay out of the address.
  document.addEventListener("change", (event) => {
    if (event.target.matches(".filter-bar[hx-get] input[type=search]")) event.stopImmediatePropagation();
  }, true);
  document.addEventListener("htmx:configRequest", (event) => {
    if (!event.detail.elt.matches?.(".filter-bar")) return;
    const data = event.detail.formData;
    for (const [name, value] of [...data.entries()]) if (value === "") data.delete(name);
  });

  // --- Drafts: long input is kept in this tab until it was sent --------------------------------------------------------

  const keeps = (field) => field.name && !field.disabled && field.name !== "csrfmiddlewaretoken"
    && !["password", "file", "hidden", "submit", "button", "reset"].includes(field.type)
    && field.autocomplete !== "one-time-code" && !field.hasAttribute("data-no-draft");

  function readDraft(form) {
    const values = {};
    for (const field of form.elements) {
      if (!keeps(field)) continue;
      const list = values[field.name] ??= [];
      if (field.type === "checkbox" || field.type === "radio") { if (field.checked) list.push(field.value); }
      else if (field.multiple) list.push(...[...field.selectedOptions].map((option) => option.value));
      else list.push(field.value);
    }
    return values;
  }

  function writeDraft(form, values) {
    const taken = {};
    for (const field of form.elements) {
      const list = keeps(field) && values[field.name];
      if (!list) continue;
      if (field.type === "checkbox" || field.type === "radio") field.checked = list.includes(field.value);
      else if (field.multiple) for (const option of field.options) option.selected = list.includes(option.value);
      else {
        const place = taken[field.name] ?? 0;
        taken[field.name] = place + 1;
        if (place < list.length) field.value = list[place];
      }
    }
  }

  function keepDraft(form) {
    if (form.dataset?.draft) tab.set(`draft:${form.dataset.draft}`, JSON.stringify(readDraft(form)));
  }

  function forgetDraft(key) {
    tab.remove(`draft:${key}`);
    tab.remove(`sent:${key}`);
  }

  function forgetDrafts() {
    for (const key of tab.keys()) if (/^(draft|sent):/.test(key)) tab.remove(key);
  }

  function restoreDraft(form) {
    const key = form.dataset.draft;
    const saved = tab.get(`draft:${key}`);
    tab.remove(`sent:${key}`);
    if (form.dataset.restored || !saved) return;
    form.dataset.restored = "yes";
    if ($(".field-wrong, .is-invalid, [data-played-back]", form)) return; // the server has just played the input back
    const before = readDraft(form);
    if (saved === JSON.stringify(before)) return;
    writeDraft(form, JSON.parse(saved));
    const note = $("#draft-note")?.content.cloneNode(true);
    if (!note) return;
    $("[data-draft-discard]", note).addEventListener("click", (event) => {
      writeDraft(form, before);
      forgetDraft(key);
      event.target.closest(".draft-note").remove();
      form.elements[0]?.form && $("input:not([type=hidden]), textarea, select", form)?.focus();
    });
    form.prepend(note);
  }

  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (!form?.dataset.draft) return;
    clearTimeout(waiting);
    waiting = setTimeout(() => { if (form.isConnected && !form.dataset.sent) keepDraft(form); }, 250);
  });
  window.addEventListener("pagehide", () => $$("form[data-draft]:not([data-sent])").forEach((form) => {
    if (tab.get(`draft:${form.dataset.draft}`)) keepDraft(form);
  }));

  function settleDrafts() {
    const { body } = document;
    const owner = body.dataset.draftOwner;
    if (owner !== undefined) {
      if (owner !== (tab.get("draft-owner") ?? owner)) forgetDrafts(); // somebody else has signed in in this tab
      tab.set("draft-owner", owner);
    }
    if (!$("#main")?.hasAttribute("data-keep-drafts")) {
      for (const name of tab.keys()) {
        const key = name.startsWith("sent:") && name.slice(5);
        if (key && !$(`form[data-draft="${CSS.escape(key)}"]`)) forgetDraft(key); // sent, and another page came: it arrived
      }
    }
    $$("form[data-draft]").forEach(restoreDraft);
  }

  // --- Focus is never lost after a swap; what changed is said ------------------------------------------------------------

  let focused = null;
  document.addEventListener("htmx:beforeSwap", () => {
    const active = document.activeElement;
    focused = active && active !== document.body ? { id: active.id, name: active.name, href: active.getAttribute("href") } : null;
  });

  function findAgain() {
    if (!focused) return null;
    return (focused.id && document.getElementById(focused.id))
      || (focused.name && $(`[name="${CSS.escape(focused.name)}"]:not([type=hidden])`))
      || (focused.href && $(`a[href="${CSS.escape(focused.href)}"]`));
  }

  document.addEventListener("htmx:afterSettle", (event) => {
    const swapped = event.detail.elt;
    const root = swapped.isConnected ? swapped : document;
    const urgent = $("[data-focus]", root) ?? (root.matches?.("[data-focus]") ? root : null);
    if (urgent) urgent.focus();
    else if ((focused || swapped === document.body) && (document.activeElement === document.body || !document.activeElement)) {
      const whole = swapped === document.body;
      const next = (!whole && findAgain()) || (whole ? $("#main") : swapped.closest?.("[id]") ?? swapped);
      if (next && !next.matches("a, button, input, select, textarea, [tabindex]")) next.tabIndex = -1;
      next?.focus({ preventScroll: !whole });
    }
    const news = $$("[data-announce]", root).concat(root.matches?.("[data-announce]") ? [root] : []);
    announce(news.map((element) => element.textContent.trim()).filter(Boolean).join(" "));
    if (swapped === document.body) {
      focused = null;
      ready();
    }
  });

  // --- Menus: Esc and a click outside close them -----------------------------------------------------------------------------

  document.addEventListener("click", (event) => {
    for (const menu of $$("details[data-menu][open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = $$("details[data-menu][open]").findLast((open) => open.contains(document.activeElement)) ?? $("details[data-menu][open]");
    if (!menu) return;
    menu.open = false;
    $("summary", menu).focus();
  });

  // --- Dialogs: the link that opens one leads to a page without JavaScript -------------------------------------------------------

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog-open]");
    if (opener) {
      const box = document.getElementById(opener.dataset.dialogOpen);
      if (!box?.showModal || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      // The browser returns the focus to where it was; only where that is nowhere, it goes to the opener. The event comes
      // a moment after the closing, when the next key may have moved on already.
      box.addEventListener("close", () => {
        const here = document.activeElement;
        if (opener.isConnected && (!here || here === document.body || box.contains(here))) opener.focus();
      }, { once: true });
      box.showModal();
      ($("[data-focus]", box) ?? $("h2", box))?.focus();
      return;
    }
    const box = event.target.closest("dialog");
    if (box && (event.target.closest("[data-dialog-close]") || event.target === box)) {
      event.preventDefault();
      box.close();
    }
  });

  // --- Document viewer ---------------------------------------------------------------------------------------------------------------

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-viewer-zoom], [data-viewer-turn]");
    if (!button) return;
    const viewer = button.closest("[data-viewer]");
    if (button.dataset.viewerZoom) {
      const zoom = Number(viewer.dataset.zoom ?? 0) + Number(button.dataset.viewerZoom);
      viewer.dataset.zoom = Math.max(-2, Math.min(3, zoom));
    } else {
      viewer.dataset.turn = (Number(viewer.dataset.turn ?? 0) + 90) % 360;
    }
  });

  // --- Documents of a case: zoom and rotation happen here, at once; pages and documents are fetched ----------------------------------

  const ZOOMS = ["fit", "100", "150", "200", "300"];

  const clamp = (place) => ZOOMS[Math.max(0, Math.min(ZOOMS.length - 1, place))];

  function withView(href, zoom, turn) {
    const address = new URL(href, location.href);
    const set = (name, value, usual) => (value === usual ? address.searchParams.delete(name) : address.searchParams.set(name, value));
    set("zoom", zoom, "fit");
    set("turn", turn, "0");
    return address;
  }

  function drawDocument(viewer, zoom, turn) {
    Object.assign(viewer.dataset, { zoom, turn });
    for (const picture of $$(".documents-room img", viewer)) {
      const address = new URL(picture.src);
      if (turn === "0") address.searchParams.delete("turn"); else address.searchParams.set("turn", turn);
      if (Number(zoom) >= 200) address.searchParams.set("size", "large");
      if (address.href !== picture.src) picture.src = address.href;
    }
    history.replaceState(history.state, "", withView(location.href, zoom, turn));
    const place = ZOOMS.indexOf(zoom);
    const leadsTo = { smaller: [clamp(place - 1), turn], larger: [clamp(place + 1), turn], fit: ["fit", turn], turn: [zoom, nextTurn(turn)] };
    for (const [name, view] of Object.entries(leadsTo)) {
      const control = $(`#viewer-${name}`, viewer);
      control.href = withView(location.href, ...view);
      if (name === "smaller" || name === "larger") {
        if (view[0] === zoom) control.setAttribute("aria-disabled", "true"); else control.removeAttribute("aria-disabled");
      }
    }
    const compare = $("#viewer-compare", viewer);
    if (compare) compare.href = withView(compare.href, zoom, turn);
    const label = $("#viewer-fit", viewer);
    label.lastChild.textContent = zoom === "fit" ? label.dataset.fitted : `${zoom}%`;
    announce(label.lastChild.textContent);
  }

  const nextTurn = (turn) => String((Number(turn) + 90) % 360);

  function stepDocument(viewer, control) {
    const { zoom, turn } = viewer.dataset;
    if (control === "turn") drawDocument(viewer, zoom, nextTurn(turn));
    else if (control === "fit") drawDocument(viewer, "fit", turn);
    else drawDocument(viewer, clamp(ZOOMS.indexOf(zoom) + (control === "larger" ? 1 : -1)), turn);
  }

  // The next page is shown as large as this one; another document begins upright.
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.elt.closest?.("[data-documents]") === null) return;
    const viewer = $("[data-documents][data-zoom]");
    if (!viewer) return;
    const turn = event.detail.elt.dataset.viewerControl ? viewer.dataset.turn : "0";
    const address = withView(event.detail.path, viewer.dataset.zoom, turn);
    event.detail.path = address.pathname + address.search;
  });

  document.addEventListener("click", (event) => {
    const control = event.target.closest("[data-viewer-control]");
    if (!control || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (["previous", "next"].includes(control.dataset.viewerControl)) return;
    event.preventDefault();
    stepDocument(control.closest("[data-documents]"), control.dataset.viewerControl);
  });

  const VIEWER_KEYS = { "+": "larger", "=": "larger", "-": "smaller", "0": "fit", r: "turn", ArrowLeft: "previous", ArrowRight: "next" };

  document.addEventListener("keydown", (event) => {
    const viewer = $("[data-documents]");
    const control = VIEWER_KEYS[event.key];
    if (!viewer || !control || !$("#viewer-fit", viewer)) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented || !shortcutsOn()) return;
    if (isTyping(event.target) || $("dialog[open]")) return;
    if (control === "previous" || control === "next") {
      const room = event.target.closest(".documents-room");
      if (room && room.scrollWidth > room.clientWidth) return; // then the arrows scroll the page under the eye
      if (event.target.closest("[role=region], .documents-tabs")) return;
      const link = $(`#viewer-${control}[href]`, viewer);
      if (!link) return;
      event.preventDefault();
      link.click();
      return;
    }
    event.preventDefault();
    stepDocument(viewer, control);
  });

  // --- Keyboard: "/" searches; j, k, Enter walk a list. Can be turned off (WCAG 2.1.4) --------------------------------------------------

  const LIST_KEYS = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };

  const shortcutsOn = () => device.get("shortcuts") !== "off";

  function showShortcuts() {
    for (const button of $$("[data-shortcuts]")) {
      button.setAttribute("aria-pressed", String(shortcutsOn()));
      button.textContent = (shortcutsOn() ? words().shortcutsOn : words().shortcutsOff) ?? button.textContent;
    }
  }

  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-shortcuts]")) return;
    device.set("shortcuts", shortcutsOn() ? "off" : "on");
    showShortcuts();
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !shortcutsOn()) return;
    if (isTyping(event.target) || $("dialog[open]")) return;
    if (event.key === "/") {
      const box = $$("[data-search]").find((input) => input.offsetParent);
      if (!box) return;
      event.preventDefault();
      box.focus();
      box.select();
    } else if (LIST_KEYS[event.key]) {
      const inside = event.target.closest("[data-keyboard-list]");
      if (event.key.startsWith("Arrow") && !inside) return; // there the arrows scroll the page
      const list = inside ?? $("[data-keyboard-list]");
      if (!list) return;
      const rows = $$("tbody > tr, :scope > li", list).map((row) => $("a[href]", row)).filter(Boolean);
      const here = rows.findIndex((link) => link.closest("tr, li").contains(document.activeElement));
      const next = rows[here < 0 ? 0 : here + LIST_KEYS[event.key]];
      if (!next) return;
      event.preventDefault();
      next.focus();
      next.closest("tr, li").scrollIntoView({ block: "nearest" });
    } else {
      pressKey(event);
    }
  });

  // What says `data-key="c"` is pressed by that key: in the row where the reader is, else on the page, else in the first row.
  function pressKey(event) {
    if (!/^[a-z?]$/.test(event.key)) return;
    const control = `[data-key="${event.key}"]`;
    const row = event.target.closest("[data-keyboard-list] tr, [data-keyboard-list] li");
    const found = (row && $(control, row)) ?? $$(control).find((element) => !element.closest("[data-keyboard-list]"));
    if (!found || found.disabled) return;
    event.preventDefault();
    if (found.hasAttribute("data-key-focus")) found.focus();
    else found.click();
  }

  // --- Tick them all -------------------------------------------------------------------------------------------------------------------------

  document.addEventListener("change", (event) => {
    const all = event.target.closest("[data-select-all]");
    const name = all?.dataset.selectAll ?? event.target.name;
    const master = all ?? (name && $(`[data-select-all="${CSS.escape(name)}"]`));
    if (!master) return;
    const boxes = $$(`input[type=checkbox][name="${CSS.escape(name)}"]:not(:disabled)`);
    if (all) boxes.forEach((box) => { box.checked = all.checked; });
    const ticked = boxes.filter((box) => box.checked).length;
    master.checked = boxes.length > 0 && ticked === boxes.length;
    master.indeterminate = ticked > 0 && ticked < boxes.length;
    for (const place of $$(`[data-selected-count="${CSS.escape(name)}"]`)) place.textContent = ticked;
    announce(`${ticked} ${words().selected ?? ""}`);
  });

  // --- A case that is read stays its reader's: said once a minute, while the page is seen ----------------------------------------------------

  setInterval(() => {
    const place = $("[data-at-work]");
    if (!place || document.visibilityState !== "visible" || place.childElementCount) return;
    window.htmx?.ajax("POST", place.dataset.atWork, { source: place, target: place, swap: "innerHTML" });
  }, 60_000);

  // --- Seconds that are left: the page says the moment itself, this is for the eye only ---------------------------------------------------------

  setInterval(() => {
    for (const place of $$("[data-countdown]")) {
      place.dataset.ends ??= String(Date.now() + Number(place.dataset.countdown) * 1000);
      const left = Math.max(0, Math.ceil((Number(place.dataset.ends) - Date.now()) / 1000));
      place.textContent = left ? `${left} ${place.dataset.unit}` : "";
    }
  }, 250);

  // --- Start ------------------------------------------------------------------------------------------------------------------------------------

  function ready() {
    settleDrafts();
    showShortcuts();
    const urgent = $("[data-focus]");
    if (urgent && document.activeElement !== urgent) urgent.focus();
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", ready);
  else ready();
})();
