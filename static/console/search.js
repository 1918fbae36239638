// The search of every page: `/` and Ctrl+K lead to it, the arrow keys through what is found, Enter opens, Escape closes.
"use strict";

(() => {
  const form = document.querySelector("[data-search]");
  if (!form) return;
  const field = form.querySelector("[role=combobox]");
  const list = form.querySelector("[role=listbox]");
  const status = form.querySelector("[data-search-status]");
  const SHORTEST = 2;
  let before = null;

  const options = () => [...list.querySelectorAll("a[role=option]")];
  const chosen = () => list.querySelector("[aria-selected=true]");

  function choose(option) {
    chosen()?.setAttribute("aria-selected", "false");
    if (option) {
      option.setAttribute("aria-selected", "true");
      option.scrollIntoView({ block: "nearest" });
      field.setAttribute("aria-activedescendant", option.id);
    } else field.removeAttribute("aria-activedescendant");
  }

  function show(open) {
    list.hidden = !open;
    field.setAttribute("aria-expanded", String(open));
    if (!open) choose(null);
  }

  function move(step) {
    const all = options();
    const at = all.indexOf(chosen());
    // From the last to the first and back, by way of the field itself.
    const next = at === -1 && step < 0 ? all.length - 1 : at + step;
    choose(all[next] ?? null);
  }

  const keys = {
    ArrowDown: () => (list.hidden ? show(options().length > 0) : move(1)),
    ArrowUp: () => !list.hidden && move(-1),
    Enter: () => chosen()?.click(),
    // First the list is closed, then the field left for where one was.
    Escape: () => {
      if (!list.hidden) return show(false);
      field.value = "";
      list.replaceChildren();
      (before?.isConnected ? before : document.getElementById("content"))?.focus();
    },
  };

  field.addEventListener("keydown", (event) => {
    if (!keys[event.key] || event.isComposing || (event.key === "Enter" && !chosen())) return;
    event.preventDefault();
    keys[event.key]();
  });
  field.addEventListener("focus", () => options().length && field.value.trim().length >= SHORTEST && show(true));
  form.addEventListener("focusout", (event) => form.contains(event.relatedTarget) || show(false));
  // What is clicked keeps the field's focus, so that the list is still there when the click arrives.
  list.addEventListener("mousedown", (event) => event.preventDefault());
  field.addEventListener("input", () => {
    if (field.value.trim().length >= SHORTEST) return;
    list.replaceChildren();
    show(false);
  });

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    const slash = event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey;
    const chord = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
    if (!slash && !chord) return;
    event.preventDefault();
    if (document.activeElement !== field) before = document.activeElement === document.body ? null : document.activeElement;
    field.focus();
    field.select();
  });

  form.addEventListener("htmx:beforeRequest", (event) => {
    if (field.value.trim().length < SHORTEST) event.preventDefault();
  });
  form.addEventListener("htmx:beforeSwap", (event) => {
    // That one asked too often is told in the list as well; what one has taken away meanwhile finds nothing.
    if (event.detail.xhr.status === 429) Object.assign(event.detail, { shouldSwap: true, isError: false });
    if (field.value.trim().length < SHORTEST) event.detail.shouldSwap = false;
  });
  form.addEventListener("htmx:afterSwap", () => {
    choose(null);
    show(document.activeElement === field);
    const found = options().length;
    status.textContent = found ? `${found} found: the arrow keys go through them.` : list.textContent.trim();
  });
})();
