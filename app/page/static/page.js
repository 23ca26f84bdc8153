// What holds the page together: what it knows, what it asks the server, and who hears a click.

const state = {
  language: "ko",
  theme: "system",
  conversation: "",
  persona: "",
  busy: null,
  loading: true,
  queued: false,
  face: "everyday",
  limit: 60,
  query: "",
  startedAt: performance.now(),
};

const PARTICLES = { "이/가": ["이", "가"], "은/는": ["은", "는"], "와/과": ["과", "와"], "을/를": ["을", "를"] };

// Gives a sentence of the table; `{name:이/가}` takes the particle that fits the name.
function say(key, name = "") {
  return TEXTS[state.language][key].replace(/\{name(?::([^}]+))?\}/g, (_, particle) => {
    if (!particle) return name;
    const last = name.charCodeAt(name.length - 1) - 0xac00;
    const closed = last >= 0 && last < 11172 && last % 28 !== 0;
    return name + PARTICLES[particle][closed ? 0 : 1];
  });
}

const newName = () => Math.random().toString(36).slice(2) + Math.random().toString(36).slice(2);

function ask(event, what = {}) {
  state.asked = true;
  if (event === "open") state.opening = true;
  trigger(event, {
    language: state.language,
    conversation: state.conversation,
    persona: state.persona,
    limit: state.limit,
    query: state.query,
    run: state.busy ? state.busy.run : "",
    ...what,
  });
}

// ---- where we are

// Shows a conversation; with `made` it is the one on the page that has just got its id.
function goTo(conversation, made = false) {
  if (!made && state.busy && !state.busy.conversation) state.busy.left = true;
  // What waits to be sent was meant for the conversation that is left; it stays in the box.
  if (!made) wait(false);
  state.conversation = conversation;
  remembered.set("conversation", conversation);
  const place = conversation ? `#c=${conversation}` : location.pathname + location.search;
  if (made) history.replaceState(null, "", place);
  else if (location.hash !== (conversation ? place : "")) history.pushState(null, "", place);
  markChat();
  if (made) return;
  state.limit = 60;
  live.clear();
  scroll.sticks = true;
  ask("open");
}

const placeInAddress = () => (location.hash.match(/^#c=([\w-]+)$/) || [])[1] || "";

function markChat() {
  for (const row of document.querySelectorAll("#jj-chats li")) {
    const here = row.dataset.conversation === state.conversation;
    row.classList.toggle("here", here);
    const link = row.querySelector("a");
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function setLanguage(language) {
  state.language = language;
  remembered.set("language", language);
  document.documentElement.lang = language;
  document.title = say("app");
  scroll.name();
  ask("open");
}

// ---- the server has drawn something anew

function onThread() {
  state.opening = false;
  const root = thread.root;
  if (!root) return;
  if (root.dataset.persona !== state.persona) {
    state.persona = root.dataset.persona;
    queueMicrotask(resetKnobs);
  }
  showTimes(root);
  showEditors();
  scroll.follow();
  const mine = Boolean(state.busy) && state.busy.conversation === state.conversation;
  document.body.classList.toggle("jj-live", mine);
  lookAgain();
}

// Another page is being answered here, or answers came in another order than they were asked for:
// looks again until it is as it should be.
function lookAgain() {
  clearTimeout(state.again);
  const waits = thread.root?.querySelector(".turn.open") || thread.conversation !== state.conversation;
  const mine = Boolean(state.busy) && state.busy.conversation === state.conversation;
  if (waits && !mine) state.again = setTimeout(() => ask("open"), 1500);
}

function onBanner() {
  const banner = document.querySelector("#jj-banner [data-state]");
  if (!banner) return;
  const ready = banner.dataset.state === "ready";
  const loading = banner.dataset.state === "loading";
  clearInterval(state.polling);
  if (loading && !state.loading) state.startedAt = performance.now();
  if (!ready) state.polling = setInterval(() => { showSeconds(); ask("poll"); }, 1000);
  showSeconds();
  if (loading === state.loading) return;
  state.loading = loading;
  if (loading) return;
  // What she remembers, and which model it is, can be said now; after a turn that has waited for
  // it, since what is asked for before a turn may come after it.
  // A model that failed is tried again by whoever sends.
  if (state.queued && !state.busy) {
    state.unsaid = true;
    submit();
  } else if (state.asked) ask("open");
}

function showSeconds() {
  const place = document.querySelector("#jj-banner .seconds");
  const seconds = Math.round((performance.now() - state.startedAt) / 1000);
  if (place) setText(place, TEXTS[state.language].seconds.replace("{seconds}", seconds));
}

function watchPart(name, act) {
  const part = document.querySelector(`#jj-${name}`);
  new MutationObserver(act).observe(part, { childList: true, subtree: true, characterData: true, attributes: true, attributeFilter: ["data-conversation", "data-persona", "data-state", "data-turn", "disabled"] });
  act();
}

// The box opens when the server has answered for the first time; where no keyboard would slide
// over half of the page, it is ready to be typed in.
function onBox() {
  if (state.greeted || !box.field || box.field.disabled) return;
  state.greeted = true;
  if (matchMedia("(hover: hover)").matches && document.activeElement === document.body) box.field.focus();
}

function showTimes(root) {
  const day = new Intl.DateTimeFormat(state.language, { year: "numeric", month: "long", day: "numeric", weekday: "long" });
  const hour = new Intl.DateTimeFormat(state.language, { hour: "numeric", minute: "2-digit" });
  const short = new Intl.DateTimeFormat(state.language, { month: "long", day: "numeric" });
  const today = new Date().toDateString();
  for (const time of root.querySelectorAll("time")) {
    const when = new Date(time.dateTime);
    if (!time.dateTime || Number.isNaN(when.getTime())) continue;
    const now = when.toDateString() === today;
    const words = "short" in time.dataset && !now ? short.format(when) : hour.format(when);
    if (time.textContent !== words) time.textContent = words;
    time.title = `${day.format(when)} ${hour.format(when)}`;
  }
}

// Reads a finished answer to those who listen to the page.
function announce(words) {
  document.querySelector("#jj-announce").textContent = words;
}

// ---- the connection

async function isReachable() {
  try {
    await fetch(location.pathname, { method: "HEAD", cache: "no-store" });
    return true;
  } catch {
    return false;
  }
}

// Something that was asked failed. Either that was all, or the server cannot be reached: then the
// page comes back by itself, and what is in the box, sent or not, comes back with it.
async function onFailure() {
  if (state.lost) return;
  state.lost = !(await isReachable());
  if (state.busy) finish({ words: "", face: "everyday", notices: state.lost ? [] : [say("broken")] });
  if (!state.lost) { toast(say("broken")); return; }
  state.loading = true;
  clearInterval(state.polling);
  const line = document.querySelector("#jj-lost");
  line.textContent = say("lost");
  line.hidden = false;
  const back = setInterval(async () => {
    if (!(await isReachable())) return;
    clearInterval(back);
    location.reload();
  }, 2000);
}

// Gradio tells of a failure in a message of its own, in English; ours stands in for it.
function watchFailures() {
  const isMessage = (node) => node.nodeType === 1 && node.matches("[class*=toast]");
  new MutationObserver((changes) => {
    const added = changes.flatMap((change) => [...change.addedNodes]).filter(isMessage);
    if (added.some((node) => node.matches(".error") || node.querySelector(".error"))) onFailure();
  }).observe(document.body, { childList: true, subtree: true });
}

const draft = {
  keep() { try { sessionStorage.setItem("jjinchin.draft", box.words); } catch { /* private */ } },
  restore() {
    try { if (!box.words) box.words = sessionStorage.getItem("jjinchin.draft") || ""; } catch { /* private */ }
  },
};

// ---- clicks, keys, switches

const ACTS = {
  new: () => { if (isOpen("menu")) toggle("menu", false); goTo(""); box.field.focus(); },
  pick: (element) => { state.persona = element.dataset.persona; ask("open"); box.field.focus(); },
  send: () => { submit(); box.field.focus(); },
  stop: () => {
    if (state.busy && !state.busy.conversation) state.busy.stop = true;
    else ask("stop", { conversation: state.busy?.conversation || state.conversation });
  },
  unqueue: () => { wait(false); box.field.focus(); },
  menu: () => toggle("menu"),
  drawer: () => { toggle("drawer"); if (isOpen("drawer")) ask("models"); },
  model: (element) => {
    ask("choose_model", { text: element.dataset.model });
    // Where the drawer lies over the page, it makes way for what the page says of the model.
    if (!matchMedia("(min-width: 1100px)").matches) toggle("drawer", false);
  },
  reset: resetKnobs,
  import: importFile,
  end: () => scroll.toEnd(),
  earlier: () => { state.limit += 100; ask("open"); },
};
const TURN_ACTS = ["copy", "retry", "edit", "undo", "like", "dislike", "choose"];

function onClick(event) {
  const element = event.target.closest("[data-act]");
  if (!element) {
    if (event.target.closest("#jj-shade")) for (const panel of ["menu", "drawer"]) if (isOpen(panel)) toggle(panel, false);
    return;
  }
  const name = element.dataset.act;
  if (name === "open" && (event.ctrlKey || event.metaKey || event.shiftKey)) return;
  event.preventDefault();
  if (TURN_ACTS.includes(name)) onTurn(name, element);
  else if (ACTS[name]) ACTS[name](element);
  else onChat(name, element);
}

function onKey(event) {
  if (event.key !== "Escape" || event.isComposing) return;
  for (const panel of ["drawer", "menu"]) if (isOpen(panel)) { toggle(panel, false); return; }
  if (state.busy) ACTS.stop();
}

function onChange(event) {
  const { name, value } = event.target;
  if (name === "jj-language") setLanguage(value);
  if (name === "jj-theme") setTheme(value);
}

let searchTimer = 0;

function onInput(event) {
  if (event.target.closest(".knobs")) {
    touched.set(event.target.name, event.target.value);
    showKnobs();
  }
  if (event.target.id !== "jj-search") return;
  state.query = event.target.value.trim();
  clearTimeout(searchTimer);
  searchTimer = setTimeout(() => ask("search"), 200);
}

function showSwitches() {
  for (const [name, value] of [["language", state.language], ["theme", state.theme]]) {
    const choice = document.querySelector(`[name=jj-${name}][value=${value}]`);
    if (choice) choice.checked = true;
  }
}

function add(id, html = "", attributes = {}) {
  const made = document.createElement("div");
  made.id = id;
  made.innerHTML = html;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function start() {
  document.body.append(
    add("jj-toast", "", { role: "status", hidden: "" }),
    add("jj-announce", "", { "aria-live": "polite", class: "jj-unseen" }),
  );
  document.querySelector("#jj-app").append(add("jj-shade"));
  document.querySelector("#jj-composer").prepend(
    add("jj-hint", '<span></span><button type="button" class="quiet" data-act="unqueue"></button>', { role: "status", hidden: "" }),
  );
  state.conversation = placeInAddress() || remembered.get("conversation") || "";
  state.language = TEXTS[remembered.get("language")] ? remembered.get("language") : "ko";
  document.documentElement.lang = state.language;
  document.title = say("app");
  setTheme(["light", "dark"].includes(remembered.get("theme")) ? remembered.get("theme") : "system");
  darkness.addEventListener("change", () => setTheme(state.theme));
  document.querySelector("#jj-main").prepend(add("jj-lost", "", { role: "alert", hidden: "" }));
  scroll.start();
  startBox();
  draft.restore();
  watchFailures();
  document.addEventListener("click", onClick);
  document.addEventListener("keydown", onKey);
  document.addEventListener("change", onChange);
  document.addEventListener("input", onInput);
  window.addEventListener("jj-live", (event) => onLive(event.detail));
  window.addEventListener("jj-note", (event) => onNote(event.detail));
  window.addEventListener("pagehide", draft.keep);
  window.addEventListener("popstate", () => goTo(placeInAddress()));
  watchPart("thread", onThread);
  watchPart("live", () => scroll.follow());
  watchPart("banner", onBanner);
  watchPart("head", () => setFace(state.face));
  watchPart("chats", () => { showTimes(document.querySelector("#jj-chats")); showRenaming(); markChat(); });
  watchPart("foot", showSwitches);
  watchPart("box", onBox);
  watchDrawer();
  ask("open");
}

// Gradio mounts the parts one by one; the page starts when all are there.
const PARTS = ["side", "chats", "foot", "head", "banner", "thread", "live", "controls", "keys", "drawer"];

function startWhenMounted() {
  const there = box.field && PARTS.every((name) => document.querySelector(`#jj-${name} .html-container`));
  if (there) start();
  else setTimeout(startWhenMounted, 20);
}

startWhenMounted();
