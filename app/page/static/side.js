// The sidebar, the drawer and the switches.

const remembered = {
  get(key) { try { return localStorage.getItem(`jjinchin.${key}`); } catch { return null; } },
  set(key, value) { try { localStorage.setItem(`jjinchin.${key}`, value); } catch { /* private */ } },
};

// ---- light and dark

const darkness = matchMedia("(prefers-color-scheme: dark)");

function setTheme(theme) {
  state.theme = theme;
  remembered.set("theme", theme);
  const dark = theme === "dark" || (theme === "system" && darkness.matches);
  document.documentElement.dataset.jjTheme = dark ? "dark" : "light";
  document.body.classList.toggle("dark", dark);
}

// ---- the mood by choice, and the knobs

function mood() {
  const value = document.querySelector("[name=jj-mood]:checked")?.value;
  return value === undefined || value === "auto" ? null : Number(value);
}

const knobFields = () => [...document.querySelectorAll("#jj-drawer .knobs input")];

// Only what the visitor has touched is asked for: a slider cannot stand at every wish of a card.
// It is kept here, since the drawer is drawn anew.
const touched = new Map();

function knobs() {
  const asked = {};
  for (const [name, value] of touched) if (value !== "") asked[name] = Number(value);
  return asked;
}

function showKnobs() {
  for (const field of knobFields()) {
    const value = touched.get(field.name) ?? field.dataset.default;
    if (field !== document.activeElement) field.value = value;
    const shown = field.parentElement.querySelector("output");
    if (shown) setText(shown, String(Number(value)));
  }
}

function resetKnobs() {
  touched.clear();
  showKnobs();
}

// ---- what is drawn anew in the drawer keeps the focus

let reached = "";

function watchDrawer() {
  const drawer = document.querySelector("#jj-drawer");
  drawer.addEventListener("focusin", (event) => { reached = event.target.id; });
  // What a redraw takes away loses the focus too, and is not left by that.
  drawer.addEventListener("focusout", (event) => queueMicrotask(() => {
    if (event.target.isConnected && event.target.id === reached) reached = "";
  }));
  watchPart("drawer", () => {
    showKnobs();
    if (reached && document.activeElement === document.body) {
      document.getElementById(reached)?.focus({ preventScroll: true });
    }
  });
}

// ---- panels that slide in

function toggle(panel, on) {
  const name = `jj-${panel}-open`;
  document.body.classList.toggle(name, on);
  const open = document.body.classList.contains(name);
  if (open) focusFirst(panel);
  else document.querySelector(`#jj-head [data-act=${panel}]`)?.focus();
  document.querySelector(`#jj-head [data-act=${panel}]`)?.setAttribute("aria-expanded", String(open));
}

// What is still hidden cannot take the focus, so it is given frame by frame until it is taken; a
// visitor who has gone on by then is left where they are.
function focusFirst(panel, from = document.activeElement) {
  const first = document.querySelector(panel === "drawer" ? "#jj-drawer .knobs input" : "#jj-aside .new");
  if (!isOpen(panel) || ![from, document.body].includes(document.activeElement)) return;
  first?.focus({ preventScroll: true });
  if (!first || document.activeElement !== first) requestAnimationFrame(() => focusFirst(panel, from));
}

const isOpen = (panel) => document.body.classList.contains(`jj-${panel}-open`);

// ---- conversations

function onChat(name, element) {
  const row = element.closest("li");
  const conversation = row.dataset.conversation;
  switch (name) {
    case "open":
      if (isOpen("menu")) toggle("menu", false);
      return goTo(conversation);
    case "more": {
      const tools = row.querySelector(".tools");
      tools.hidden = !tools.hidden;
      return element.setAttribute("aria-expanded", String(!tools.hidden));
    }
    case "rename": return rename(row, conversation);
    case "delete": return ask("delete", { conversation });
    case "export_json": return ask("export", { conversation, text: "json" });
    case "export_markdown": return ask("export", { conversation, text: "markdown" });
  }
}

// The open field outlives the redraws of the list.
let renaming = null;

function rename(row, conversation) {
  const title = row.querySelector(".title").textContent;
  const field = document.createElement("input");
  field.className = "renaming";
  field.value = title;
  field.maxLength = 120;
  const leave = (keep) => {
    if (renaming?.field !== field) return;
    renaming = null;
    const text = field.value.trim();
    const place = field.closest("li");
    field.remove();
    if (keep && text && text !== title) ask("rename", { conversation, text });
    if (!place) return;
    place.querySelector(".row").hidden = false;
    place.querySelector(".more").focus();
  };
  onEnter(field, () => leave(true));
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.isComposing) { event.stopPropagation(); leave(false); }
  });
  // A field that a redraw takes away loses the focus too, gets it back, and is not left by that.
  field.addEventListener("blur", () => setTimeout(() => {
    if (field.isConnected && document.activeElement !== field) leave(true);
  }));
  renaming = { conversation, field };
  showRenaming();
  field.select();
}

function showRenaming() {
  if (!renaming || renaming.field.isConnected) return;
  const { conversation, field } = renaming;
  const row = document.querySelector(`#jj-chats li[data-conversation="${conversation}"]`);
  if (!row) return;
  field.setAttribute("aria-label", say("rename_label"));
  row.querySelector(".row").hidden = true;
  row.querySelector(".tools").hidden = true;
  row.querySelector(".more").setAttribute("aria-expanded", "false");
  row.prepend(field);
  field.focus();
}

function save(file) {
  const kind = file.name.endsWith(".md") ? "text/markdown" : "application/json";
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([file.text], { type: `${kind};charset=utf-8` }));
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function importFile() {
  const field = document.createElement("input");
  field.type = "file";
  field.accept = ".json,application/json";
  field.addEventListener("change", async () => {
    const file = field.files[0];
    if (!file) return;
    if (file.size > 20e6) toast(say("import_large"));
    else ask("bring", { text: await file.text() });
  });
  field.click();
}

// ---- short messages

let toastTimer = 0;

function toast(words, act = null) {
  const place = document.querySelector("#jj-toast");
  const line = document.createElement("span");
  line.textContent = words;
  place.replaceChildren(line);
  if (act) place.append(act);
  place.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { place.hidden = true; }, act ? 9000 : 3500);
}

function onNote(note) {
  if (note.file) save(note.file);
  if (note.open) goTo(note.open);
  if (note.gone) goTo("", true);
  // Left only now: what was asked for along with the deletion might still list it.
  if (note.restore && note.restore === state.conversation) goTo("");
  if (!note.toast) return;
  const conversation = note.restore;
  const back = conversation && button("strong", "restore", () => {
    ask("restore", { conversation });
    document.querySelector("#jj-toast").hidden = true;
  });
  toast(note.toast, back || null);
}
