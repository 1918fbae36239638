// The console's small manners: theme, menu, password, what is shown once, local times.
"use strict";

const root = document.documentElement;

for (const button of document.querySelectorAll("[data-toggle-theme]")) {
  button.addEventListener("click", () => {
    const theme = root.dataset.bsTheme === "dark" ? "light" : "dark";
    root.dataset.bsTheme = theme;
    localStorage.setItem("theme", theme);
    document.dispatchEvent(new Event("themechange"));
  });
}

for (const button of document.querySelectorAll("[data-toggle-rail]")) {
  button.addEventListener("click", () => {
    const open = document.getElementById("rail").classList.toggle("is-open");
    button.setAttribute("aria-expanded", String(open));
  });
  document.getElementById("rail").addEventListener("keydown", (event) => {
    if (event.key === "Escape" && button.getAttribute("aria-expanded") === "true") {
      button.click();
      button.focus();
    }
  });
}

// On a low screen the rail scrolls: where one is, is in sight.
const railLinks = document.querySelector("[data-rail-links]");
const railHere = railLinks?.querySelector(".is-here");
if (railHere) {
  railLinks.scrollTop = Math.max(0, railHere.offsetTop - railLinks.offsetTop - railLinks.clientHeight / 2);
}

for (const button of document.querySelectorAll("[data-reveal]")) {
  button.addEventListener("click", () => {
    const field = document.getElementById(button.dataset.reveal);
    field.type = field.type === "password" ? "text" : "password";
    button.setAttribute("aria-pressed", String(field.type === "text"));
  });
}

for (const form of document.querySelectorAll("[data-sent-once]")) {
  // A second click would take the place of the first one's answer, which is the only one that shows what was made.
  const button = form.querySelector("[type=submit]");
  form.addEventListener("submit", () => button?.setAttribute("disabled", ""));
  addEventListener("pageshow", () => button?.removeAttribute("disabled"));
}

for (const button of document.querySelectorAll("[data-copy]")) {
  const label = button.querySelector("[data-copy-label]");
  const say = (short, long) => {
    label.textContent = short;
    document.querySelector("[data-copy-status]").textContent = long;
  };
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.textContent);
      say("Copied", "It is copied.");
    } catch {
      // No clipboard outside of https, or none that we may write to: the reader copies it by hand.
      getSelection().selectAllChildren(source);
      say("Selected: press Ctrl+C", "It is selected: copy it with the keyboard.");
    }
  });
}

// What is shown once: loaded anew its page is the list, and no page that the browser keeps holds it.
for (const once of document.querySelectorAll("[data-shown-once]")) {
  history.replaceState(null, "", once.dataset.shownOnce);
  addEventListener("pagehide", () => once.querySelectorAll("[data-secret]").forEach((secret) => secret.replaceChildren()));
  addEventListener("pageshow", (event) => event.persisted && location.replace(once.dataset.shownOnce));
}

// Whoever was signed out meanwhile is led to the sign-in page; it is not put into the place of what was asked for.
document.addEventListener("htmx:beforeOnLoad", (event) => {
  if (new URL(event.detail.xhr.responseURL || location.href, location.href).pathname !== "/login") return;
  event.preventDefault();
  location.reload();
});

// An export tells how far it has come: the address gets a name under which the progress is asked for.
for (const link of document.querySelectorAll("[data-export]")) {
  link.addEventListener("click", () => {
    const name = crypto.randomUUID ? crypto.randomUUID() : "00000000-0000-4000-8000-" + String(Date.now()).padStart(12, "0");
    const address = new URL(link.href);
    address.searchParams.set("export", name);
    link.href = address;
    link.closest("details").open = false;
    const status = document.getElementById("export-status");
    status.replaceChildren();
    htmx.ajax("GET", `${link.dataset.export}?export=${name}`, { target: status, swap: "innerHTML" });
  });
}

// A box in a table's head ticks all of its column's, and shows whether they are.
for (const head of document.querySelectorAll("[data-tick-all]")) {
  const boxes = [...head.closest("table").querySelectorAll(`tbody input[type=checkbox][name="${head.dataset.tickAll}"]`)];
  const show = () => {
    const ticked = boxes.filter((box) => box.checked).length;
    head.checked = ticked > 0 && ticked === boxes.length;
    head.indeterminate = ticked > 0 && ticked < boxes.length;
  };
  head.addEventListener("change", () => boxes.forEach((box) => { box.checked = head.checked; }));
  boxes.forEach((box) => box.addEventListener("change", show));
  addEventListener("pageshow", show);
}

// What is fetched anew takes the place of what one stands on, or has opened: one is at the same link or button again, and
// what was open stays so.
const AT = "a[href], button, summary, input, select, textarea, [tabindex]";
const nameOf = (element) => [element.tagName, element.id, element.getAttribute("href"), element.name, element.textContent.trim()].join("|");
let left = null;

document.addEventListener("htmx:beforeSwap", (event) => {
  const part = event.detail.target;
  const at = document.activeElement;
  const alike = part.contains(at) ? [...part.querySelectorAll(AT)].filter((each) => nameOf(each) === nameOf(at)) : [];
  left = {
    at: alike.length ? { name: nameOf(at), place: alike.indexOf(at) } : null,
    open: [...part.querySelectorAll("details[id]")].map((each) => [each.id, each.open]),
  };
});
document.addEventListener("htmx:afterSettle", () => {
  for (const [id, open] of left?.open ?? []) {
    const details = document.getElementById(id);
    if (details) details.open = open;
  }
  if (left?.at && document.activeElement === document.body) {
    const alike = [...document.querySelectorAll(AT)].filter((each) => nameOf(each) === left.at.name);
    (alike[left.at.place] ?? document.getElementById("content")).focus({ preventScroll: true });
  }
  left = null;
});

// One menu at a time; Escape and a click elsewhere close it.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// The server reads days, and writes times where no script runs, by the reader's clock.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && !document.cookie.includes(`timezone=${zone}`)) {
  document.cookie = `timezone=${zone}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
}

// Times come in UTC and are shown where the reader is; days of this week by their names.
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
const dayOf = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());

function dayName(date) {
  const days = Math.round((dayOf(new Date()) - dayOf(date)) / 86400000);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  const sameYear = date.getFullYear() === new Date().getFullYear();
  const options = { weekday: "short", day: "numeric", month: "short", year: sameYear ? undefined : "numeric" };
  return new Intl.DateTimeFormat(undefined, options).format(date);
}

const exact = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

const figures = {};

// Figures come with a point and commas, and are written as the reader's language does.
function figure(element) {
  const digits = Number(element.dataset.digits);
  figures[digits] ??= new Intl.NumberFormat(undefined, { minimumFractionDigits: digits, maximumFractionDigits: digits });
  element.textContent = figures[digits].format(Number(element.value));
}

function localise(part) {
  part.querySelectorAll("data.figure").forEach(figure);
  if (part.matches?.("data.figure")) figure(part);
  for (const element of part.querySelectorAll("time.when-exact")) {
    const date = new Date(element.dateTime);
    element.textContent = exact.format(date);
    element.title = full.format(date);
  }
  for (const element of part.querySelectorAll("time.day")) {
    const date = new Date(element.dateTime);
    element.textContent = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" }).format(date);
    element.title = full.format(date);
  }
  for (const element of part.querySelectorAll("time.when")) {
    const date = new Date(element.dateTime);
    const day = document.createElement("span");
    day.className = "when-day";
    day.textContent = dayName(date);
    element.replaceChildren(clock.format(date), day);
    element.title = full.format(date);
  }
}

// How long something goes on by now: the server said how many seconds it was, and it goes on here.
const began = new WeakMap();

function tick() {
  for (const element of document.querySelectorAll("[data-seconds]")) {
    if (!began.has(element)) began.set(element, performance.now() - element.dataset.seconds * 1000);
    const seconds = Math.floor((performance.now() - began.get(element)) / 1000);
    const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
    const rest = String(seconds % 60).padStart(2, "0");
    element.textContent = hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
  }
}

tick();
setInterval(tick, 250);
document.addEventListener("htmx:load", tick);

localise(document);
// What is fetched later has times as well.
document.addEventListener("htmx:load", (event) => localise(event.detail.elt));
