// Hears of changes by Server-Sent Events. Runs only in what `sitegen serve` sends.
(() => {
  "use strict";
  const script = document.currentScript;
  const KEPT = "sitegen:" + location.pathname;
  let { version, assets } = script.dataset;
  let source = null;
  let again = 0;

  // Hidden tabs close their stream: browsers allow about six connections to a host.
  const open = () => {
    clearTimeout(again);
    if (source || document.visibilityState === "hidden") return;
    const query = new URLSearchParams({ path: location.pathname, version, assets });
    source = new EventSource("/-sitegen/events?" + query);
    source.onopen = () => { document.documentElement.dataset.sitegen = "live"; };
    source.onmessage = (message) => take(JSON.parse(message.data));
    source.onerror = () => {
      document.documentElement.dataset.sitegen = "away";
      if (source.readyState === EventSource.CLOSED) {
        close();
        again = setTimeout(open, 1000);
      }
    };
  };
  const close = () => {
    source?.close();
    source = null;
    delete document.documentElement.dataset.sitegen;
  };

  const take = (event) => {
    if (event.kind === "reload") reload();
    else if (event.kind === "assets") load(event.urls, event.version);
    else if (event.kind === "trouble") show(event);
    else if (event.kind === "go") go(event.url);
  };

  // Once on its way to another page, the browser is not called back by a reload.
  let leaving = false;
  const go = (url) => {
    if (new URL(url, location.href).pathname === location.pathname) return;
    leaving = true;
    close();
    location.href = url;
  };

  // A reload keeps the place on the page, and which <details> are open.
  const details = () => [...document.querySelectorAll("details")];
  const reload = () => {
    if (leaving) return;
    const open = details().map((each) => each.open);
    const kept = { x: scrollX, y: scrollY, open };
    try { sessionStorage.setItem(KEPT, JSON.stringify(kept)); } catch {}
    close();
    location.reload();
  };
  const restore = () => {
    let kept = null;
    try {
      kept = JSON.parse(sessionStorage.getItem(KEPT));
      sessionStorage.removeItem(KEPT);
    } catch {}
    if (!kept) return;
    details().forEach((each, place) => {
      if (place in kept.open) each.open = kept.open[place];
    });
    scrollTo({ left: kept.x, top: kept.y, behavior: "instant" });
  };

  // Files that the page loads are loaded again where that can be done without a reload.
  const load = (urls, now) => {
    assets = now;
    const changed = new Set(urls.map((url) => new URL(url, location.href).pathname));
    const isChanged = (url) => url && changed.has(decodeURI(new URL(url, location.href).pathname));
    const anew = (url) => {
      const found = new URL(url, location.href);
      found.searchParams.set("sitegen", now);
      return found.href;
    };
    for (const script of document.querySelectorAll("script[src]")) {
      if (isChanged(script.src)) return reload();
    }
    for (const link of document.querySelectorAll('link[rel~="stylesheet"][href]')) {
      if (isChanged(link.href)) swap(link, anew(link.href));
    }
    for (const image of document.querySelectorAll("img[src]")) {
      if (isChanged(image.src)) image.src = anew(image.src);
    }
  };
  // The old stylesheet goes when the new one is there, so that nothing flickers.
  const swap = (link, href) => {
    const next = link.cloneNode();
    next.href = href;
    next.onload = next.onerror = () => link.remove();
    link.after(next);
  };

  // The overlay lives in a shadow root: the page's styles do not reach it.
  let host = null;
  let shown = "";
  const STYLE = `
    :host { --back: #fff; --text: #1d1b20; --quiet: #5c5763; --line: #dcd7e0;
      --code: #f6f4f7; --bad: #b3261e; --tint: #fbe9e7; --place: #7a3b00; }
    @media (prefers-color-scheme: dark) {
      :host { --back: #1f1c22; --text: #f1edf4; --quiet: #b9b2c0; --line: #453f4b;
        --code: #151217; --bad: #ff8a80; --tint: #46211f; --place: #ffcf8f; } }
    dialog { all: initial; position: fixed; inset: auto 0 0; z-index: 2147483647;
      display: block; box-sizing: border-box; max-height: 75vh; overflow: auto;
      overscroll-behavior: contain; color: var(--text); background: var(--back);
      border-top: 4px solid var(--bad); box-shadow: 0 -8px 32px rgb(0 0 0 / .28);
      font: 15px/1.5 system-ui, sans-serif; outline: none; }
    header { position: sticky; top: 0; display: flex; flex-wrap: wrap; gap: 2px 10px;
      align-items: center; padding: 12px 0 10px; background: var(--back);
      border-bottom: 1px solid var(--line); }
    header, ol, .whole { width: min(60rem, 100% - 32px); margin-inline: auto; }
    h2 { flex: 1; margin: 0; font: 700 18px/1.4 system-ui, sans-serif; color: var(--bad); }
    p { flex-basis: 100%; margin: 0; color: var(--quiet); font-size: 13px; }
    button { font: 600 14px/1.4 system-ui, sans-serif; color: inherit; cursor: pointer;
      background: var(--code); border: 1px solid var(--quiet); border-radius: 8px;
      padding: 5px 14px; }
    button:hover { border-color: currentColor; }
    button:focus-visible { outline: 3px solid var(--place); outline-offset: 2px; }
    ol { margin-block: 0; padding: 0; list-style: none; }
    li { padding: 14px 0 16px; }
    li + li { border-top: 1px solid var(--line); }
    code, pre { font: 13px/1.6 ui-monospace, SFMono-Regular, Menlo, monospace; }
    .place { color: var(--place); overflow-wrap: anywhere; }
    .where { display: flex; flex-wrap: wrap; gap: 0 16px; justify-content: space-between; }
    .code { color: var(--quiet); }
    .message { font-weight: 600; overflow-wrap: anywhere; }
    .hint { color: var(--quiet); overflow-wrap: anywhere; white-space: pre-line; }
    .hint::before { content: "→\\a0"; }
    pre { margin: 6px 0; padding: 8px 12px; overflow: auto; background: var(--code);
      border-radius: 6px; tab-size: 4; }
    pre.line { background: var(--tint); border-left: 3px solid var(--bad); }
    .whole { margin-block: 14px 18px; padding: 0; }`;
  const element = (name, text, kind) => {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  };
  // What may be wider than the screen can be scrolled with the keyboard as well.
  const excerpt = (text, kind) => {
    const made = element("pre", text, kind);
    made.tabIndex = 0;
    return made;
  };
  const item = (problem) => {
    const made = element("li");
    const place = [problem.path, problem.line, problem.column].filter(Boolean).join(":");
    const where = element("div", "", "where");
    where.append(element("code", place, "place"), element("code", problem.code, "code"));
    made.append(where, element("div", problem.message, "message"));
    if (problem.source && problem.line) {
      const margin = problem.line + " | ";
      let text = margin + problem.source;
      if (problem.column) {
        const before = problem.source.slice(0, problem.column - 1);
        text += "\n" + " ".repeat(margin.length) + before.replace(/[^\t]/g, " ") + "^";
      }
      made.append(excerpt(text, "line"));
    }
    if (problem.hint) made.append(element("div", problem.hint, "hint"));
    return made;
  };
  const heading = (event) => {
    const count = event.problems.length;
    if (event.crash) return "sitegen failed";
    if (!count) return "The site could not be built";
    return count === 1 ? "1 error" : count + " errors";
  };
  const ADVICE = "The last good version is shown. This goes by itself when it is mended; " +
    "Esc puts it aside.";
  const show = (event) => {
    const key = JSON.stringify(event);
    if (key === shown) return;
    shown = key;
    host?.remove();
    host = null;
    if (!event.problems.length && !event.failure && !event.crash) return;
    host = element("sitegen-overlay");
    const root = host.attachShadow({ mode: "open" });
    const panel = element("dialog");
    panel.setAttribute("open", "");
    panel.setAttribute("aria-labelledby", "title");
    panel.tabIndex = -1;
    const title = element("h2", heading(event));
    title.id = "title";
    const tools = element("header");
    tools.append(title);
    if (event.crash) {
      const copy = element("button", "Copy");
      copy.onclick = () => copyText(event.crash, panel, copy);
      tools.append(copy);
    }
    const dismiss = element("button", "Dismiss");
    dismiss.onclick = () => host.remove();
    tools.append(dismiss, element("p", ADVICE));
    const list = element("ol");
    list.append(...event.problems.slice(0, 50).map(item));
    panel.append(tools);
    if (list.childElementCount) panel.append(list);
    for (const text of [event.failure, event.crash].filter(Boolean)) {
      const whole = element("div", "", "whole");
      whole.append(excerpt(text));
      panel.append(whole);
    }
    panel.addEventListener("keydown", (key) => { if (key.key === "Escape") host.remove(); });
    const style = element("style", STYLE);
    root.append(style, panel);
    document.documentElement.append(host);
    // Typing on the page goes on: the overlay takes the focus only from nothing.
    if (document.activeElement === document.body) dismiss.focus({ preventScroll: true });
  };
  // Pages that do not come over HTTPS or from this machine have no clipboard.
  const copyText = async (text, panel, button) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const field = element("textarea");
      field.value = text;
      panel.append(field);
      field.select();
      document.execCommand("copy");
      field.remove();
    }
    button.textContent = "Copied";
  };

  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") close();
    else open();
  });
  // A page that comes back from the browser's own cache has no stream any more.
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
  restore();
  open();
})();
