// Shortcuts and previews in the list. All that is here can be done without it.
"use strict";

const rows = [...document.querySelectorAll(".rows > li")];
const keys = document.querySelector(".keys");
const STORE = "sitegen-review-shortcuts";

const setting = {
  get on() {
    try { return localStorage.getItem(STORE) !== "off"; } catch { return true; }
  },
  set on(value) {
    try { localStorage.setItem(STORE, value ? "on" : "off"); } catch { /* not kept */ }
  },
};

const button = (name) => document.querySelector(`button[name=do][value=${name}]`);
const link = (selector) => document.querySelector(selector)?.click();
const current = () => rows.findIndex((row) => row.contains(document.activeElement));

function move(step) {
  if (!rows.length) return link(`.pager [rel=${step > 0 ? "next" : "prev"}]`);
  const at = current();
  const to = Math.min(Math.max(at < 0 ? 0 : at + step, 0), rows.length - 1);
  rows[to].querySelector("h2 a").focus();
  rows[to].scrollIntoView({ block: "center" });
}

// In the list: with what is chosen, or else with the row that has the focus.
function choose() {
  if (!rows.length) return true;
  if (rows.some((row) => row.querySelector(":checked"))) return true;
  const row = rows[current()];
  if (!row) return false;
  row.querySelector("input").checked = true;
  return true;
}

function act(name) {
  if (button(name) && choose()) button(name).click();
}

function reject() {
  const details = document.querySelector("details:has(button[value=reject])");
  if (!details || !choose()) return;
  details.open = true;
  details.querySelector("input").focus();
}

function toggle() {
  const box = rows[current()]?.querySelector("input");
  if (box) box.click();
}

function preview(row) {
  if (!row) return;
  const shown = row.querySelector(".inline");
  row.querySelector(".look").setAttribute("aria-expanded", String(!shown));
  if (shown) return shown.remove();
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "");
  frame.referrerPolicy = "no-referrer";
  frame.className = "preview inline";
  frame.title = `Preview: ${row.querySelector("h2").textContent}`;
  frame.src = `${row.querySelector("h2 a").getAttribute("href")}preview/`;
  row.append(frame);
}

const ACTIONS = {
  j: () => move(1),
  k: () => move(-1),
  x: toggle,
  p: () => preview(rows[current()]),
  a: () => act("approve"),
  s: () => act("spam"),
  r: reject,
  e: () => link("a[href$='/edit/']"),
  u: () => link(".crumbs a"),
};

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input:not([type=checkbox]), textarea, select");
  if (typing || event.ctrlKey || event.altKey || event.metaKey || !setting.on) return;
  const work = keys && ACTIONS[event.key];
  if (!work) return;
  event.preventDefault();
  work();
});

for (const row of rows) {
  const look = document.createElement("button");
  look.type = "button";
  look.className = "plain look";
  look.textContent = "Preview";
  look.setAttribute("aria-expanded", "false");
  look.setAttribute("aria-label", `Preview: ${row.querySelector("h2").textContent}`);
  look.addEventListener("click", () => preview(row));
  row.querySelector(".about").append(look);
}

if (keys) {
  const turn = keys.querySelector("button");
  const show = () => turn.setAttribute("aria-pressed", String(setting.on));
  turn.addEventListener("click", () => { setting.on = !setting.on; show(); });
  show();
  keys.hidden = false;
}
