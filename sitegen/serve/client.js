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
    dialog { all: initial; position: fixed; inset: auto 0 0 0; z-index: 2147483647;
      display: block; box-sizing: border-box; max-height: 70vh; overflow: auto;
      padding: 20px 24px; color: #f4f1ee; background: #24191c;
      border-top: 4px solid #ff6b6b; font: 15px/1.5 system-ui, sans-serif; }
    h2 { margin: 0 0 12px; font-size: 18px; }
    button { font: inherit; color: inherit; background: #4a3338; cursor: pointer;
      border: 1px solid #8d6a71; border-radius: 6px; padding: 4px 12px; }
    button:focus-visible { outline: 3px solid #ffd873; }
    .tools { float: right; display: flex; gap: 8px; margin-left: 16px; }
    ol { margin: 0; padding: 0; list-style: none; }
    li { margin: 0 0 16px; }
    code, pre { font: 13px/1.5 ui-monospace, monospace; }
    pre { margin: 4px 0; padding: 8px; overflow: auto; background: #120c0e; }
    .place { color: #ffd873; overflow-wrap: anywhere; }
    .hint { color: #9fe0ff; }`;
  const element = (name, text, kind) => {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  };
  const item = (problem) => {
    const made = element("li");
    const place = [problem.path, problem.line, problem.column].filter(Boolean).join(":");
    made.append(element("code", place, "place"), element("div", problem.message));
    if (problem.source && problem.line) {
      const margin = problem.line + " | ";
      let text = margin + problem.source;
      if (problem.column) {
        const before = problem.source.slice(0, problem.column - 1);
        text += "\n" + " ".repeat(margin.length) + before.replace(/[^\t]/g, " ") + "^";
      }
      made.append(element("pre", text));
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
    const tools = element("div", "", "tools");
    if (event.crash) {
      const copy = element("button", "Copy");
      copy.onclick = () => copyText(event.crash, panel, copy);
      tools.append(copy);
    }
    const dismiss = element("button", "Dismiss");
    dismiss.onclick = () => host.remove();
    tools.append(dismiss);
    const list = element("ol");
    list.append(...event.problems.slice(0, 50).map(item));
    panel.append(tools, title, list);
    if (event.failure) panel.append(element("pre", event.failure));
    if (event.crash) panel.append(element("pre", event.crash));
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
