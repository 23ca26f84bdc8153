// The conversation: the answer that grows, the scroll that follows it, and the actions on turns.

const thread = {
  get root() { return document.querySelector("#jj-thread .thread"); },
  get conversation() { return this.root?.dataset.conversation || ""; },
  get persona() { return this.root?.dataset.persona || ""; },
  get name() { return this.root?.dataset.name || ""; },
};

// ---- what she says while she says it

const live = {
  get box() { return document.querySelector("#jj-live .html-container"); },
  get turn() { return this.box.querySelector(".turn"); },

  open(user) {
    const blank = document.querySelector("#jj-blank").firstElementChild.cloneNode(true);
    const bubble = blank.querySelector(".her .bubble");
    bubble.setAttribute("aria-live", "polite");
    bubble.setAttribute("aria-busy", "true");
    this.box.replaceChildren(blank);
    this.say(user);
    scroll.toEnd();
  },
  say(user) {
    const mine = this.turn.querySelector(".me");
    mine.querySelector(".bubble").textContent = user;
    const time = mine.querySelector("time");
    if (!time.dateTime) { time.dateTime = new Date().toISOString(); showTimes(mine); }
  },
  draw(now) {
    if (!this.turn) this.open(now.user);
    const turn = this.turn;
    if (now.user) this.say(now.user);
    setText(turn.querySelector(".mood"), now.mood);
    setText(turn.querySelector(".words"), now.words);
    turn.querySelector(".dots").hidden = Boolean(now.words);
    if (now.care && !turn.querySelector(".care")) {
      turn.querySelector(".me").insertAdjacentHTML("afterend", now.care);
    }
    this.notices(now.notices);
  },
  // Lines about what went wrong stay under the conversation until the next message.
  notices(sentences) {
    const lines = this.box.querySelectorAll(".notice");
    if (lines.length === sentences.length) return;
    lines.forEach((line) => line.remove());
    for (const sentence of sentences) {
      const line = document.createElement("p");
      line.className = "notice";
      line.setAttribute("role", "status");
      line.textContent = sentence;
      this.box.append(line);
    }
  },
  close() { this.turn?.remove(); },
  clear() { this.box.replaceChildren(); },
};

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// Asks for an answer: `what` goes to the server, `user` is shown until the server has said it.
function begin(what, user, from = null) {
  state.busy = {
    run: newName(),
    conversation: state.conversation,
    // What is given back where it was written, until it is kept: in the box or in a turn.
    text: what.turn ? "" : user,
    edited: what.text && what.turn,
  };
  document.body.classList.add("jj-busy");
  // What was asked for before the turn may come after it, and without it.
  if (state.opening) state.unsaid = true;
  live.clear();
  if (from) hideFrom(from);
  live.open(user);
  setFace("thinking");
  ask("say", {
    run: state.busy.run, mood: mood(), sampling: knobs(), ...what,
  });
}

// The turn that is asked anew, and those after it, make room for the new branch.
function hideFrom(turn) {
  for (let next = turn; next; next = next.nextElementSibling) next.classList.add("replaced");
}

function onLive(now) {
  const busy = state.busy;
  if (!busy || now.run !== busy.run) return;
  if (now.kept) {
    busy.text = "";
    editors.delete(busy.edited);
  }
  if (!busy.conversation && now.conversation) {
    busy.conversation = now.conversation;
    if (!busy.left) goTo(now.conversation, true);
    if (busy.stop) ACTS.stop();
  }
  if (!now.on) { finish(now); return; }
  if (busy.conversation !== state.conversation) return;
  live.draw(now);
  setFace(now.face);
}

function finish(now) {
  const { text, conversation } = state.busy;
  const name = thread.name;
  state.busy = null;
  document.body.classList.remove("jj-busy");
  if (conversation === state.conversation) {
    scroll.hold();
    live.close();
    thread.root?.querySelectorAll(".replaced").forEach((turn) => turn.classList.remove("replaced"));
    live.notices(now.notices);
    setFace(now.face);
    if (now.words) announce(`${name}: ${now.words}`);
  }
  showEditors();
  lookAgain();
  if (text) box.giveBack(text);
  else if (state.queued) { submit(); return; }
  if (state.unsaid) { state.unsaid = false; ask("open"); }
}

// ---- the scroll follows the newest words only for a visitor who is there

const scroll = {
  sticks: true,
  held: false,
  get area() { return document.querySelector("#jj-scroll"); },
  toEnd() {
    this.sticks = true;
    this.area.scrollTop = this.area.scrollHeight;
    this.follow();
  },
  follow() {
    const begun = document.querySelector("#jj-scroll [data-turn]");
    if (this.sticks && begun) this.area.scrollTop = this.area.scrollHeight;
    document.querySelector("#jj-to-end").hidden = this.sticks;
  },
  // Keeps the place while the growing answer makes room for the kept one, up to the next frame.
  hold() {
    const area = this.area;
    const place = area.scrollTop;
    this.held = true;
    requestAnimationFrame(() => {
      if (this.sticks) this.follow();
      else area.scrollTop = place;
      this.held = false;
    });
  },
  start() {
    const area = this.area;
    const button = document.createElement("button");
    button.id = "jj-to-end";
    button.type = "button";
    button.hidden = true;
    button.dataset.act = "end";
    document.querySelector("#jj-composer").prepend(button);
    this.name();
    area.addEventListener("scroll", () => {
      if (this.held) return;
      this.sticks = area.scrollHeight - area.scrollTop - area.clientHeight < 40;
      button.hidden = this.sticks;
    }, { passive: true });
    new ResizeObserver(() => this.follow()).observe(area);
  },
  name() {
    const button = document.querySelector("#jj-to-end");
    button.ariaLabel = button.title = say("to_bottom");
  },
};

// ---- what can be done with a turn

const turnOf = (element) => element.closest("[data-turn]");
const wordsOf = (turn, side) => turn.querySelector(`.${side} .bubble`).textContent;

function onTurn(name, element) {
  const turn = turnOf(element);
  const id = Number(turn?.dataset.turn);
  switch (name) {
    case "copy":
      return copy(turn.querySelector(".her .words").textContent);
    case "like": case "dislike": {
      const on = element.getAttribute("aria-pressed") === "true";
      return ask("rate", { turn: id, rating: on ? 0 : name === "like" ? 1 : -1 });
    }
  }
  if (state.busy) return toast(say("busy"));
  if (state.loading && name !== "choose" && name !== "undo") return toast(say("not_ready", thread.name));
  switch (name) {
    case "retry": return begin({ turn: id }, wordsOf(turn, "me"), turn);
    case "choose": return ask("choose", { turn: Number(element.dataset.to) });
    case "undo": return ask("undo", {});
    case "edit": return edit(turn, id);
  }
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast(say("copied"));
  } catch {
    // Pages from another machine without https have no clipboard; the old way has one.
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "jj-hidden";
    document.body.append(area);
    area.select();
    toast(say(document.execCommand("copy") ? "copied" : "copy_failed"));
    area.remove();
  }
}

// The open fields by their turns; each outlives the redraws, and what was sent until it is kept.
const editors = new Map();
let editing = 0;

function edit(turn, id) {
  if (!editors.has(id)) editors.set(id, makeField(id, wordsOf(turn, "me")));
  showEditors();
  editors.get(id).focus();
}

function makeField(id, words) {
  const field = document.createElement("textarea");
  field.value = words;
  field.rows = Math.min(8, words.split("\n").length + 1);
  field.setSelectionRange(words.length, words.length);
  onEnter(field, () => sendEdit(id));
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.isComposing) { event.stopPropagation(); leaveEdit(id); }
  });
  field.addEventListener("focus", () => { editing = id; });
  // A field that a redraw takes away loses the focus too, and gets it back.
  field.addEventListener("blur", () => queueMicrotask(() => {
    if (field.isConnected && editing === id) editing = 0;
  }));
  return field;
}

function showEditors() {
  for (const [id, field] of editors) {
    const mine = thread.root?.querySelector(`[data-turn="${id}"] .me`);
    if (!mine || field.isConnected || id === state.busy?.edited) continue;
    const editor = document.createElement("div");
    editor.className = "editor";
    field.setAttribute("aria-label", say("edit_label"));
    editor.append(
      field,
      button("quiet", "cancel", () => leaveEdit(id)),
      button("strong", "edit_send", () => sendEdit(id)),
    );
    mine.classList.add("editing");
    mine.append(editor);
    if (editing === id && document.activeElement === document.body) field.focus({ preventScroll: true });
  }
}

function sendEdit(id) {
  const field = editors.get(id);
  const turn = turnOf(field);
  const text = field.value;
  if (isBlank(text)) return;
  if (state.busy) { toast(say("busy")); return; }
  if (state.loading) { toast(say("not_ready", thread.name)); return; }
  closeEditor(field);
  begin({ turn: id, text }, text, turn);
}

function leaveEdit(id) {
  closeEditor(editors.get(id));
  editors.delete(id);
}

function closeEditor(field) {
  field.closest(".me").classList.remove("editing");
  field.parentElement.remove();
  // Out of its old surroundings, so that it can be shown anew.
  field.remove();
}

function button(css, key, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = css;
  made.textContent = say(key);
  made.addEventListener("click", act);
  return made;
}

// ---- the face

function setFace(expression) {
  const faces = document.querySelector("#jj-head .faces");
  if (!faces) return;
  const known = [...faces.children].map((face) => face.dataset.expression);
  state.face = known.includes(expression) ? expression : known[0];
  for (const face of faces.children) {
    face.classList.toggle("shown", face.dataset.expression === state.face);
    face.ariaHidden = face.dataset.expression === state.face ? null : "true";
  }
}
