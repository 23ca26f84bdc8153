// The message box: one Enter sends one message, with a Korean keyboard too.
//
// While a syllable is being composed, browsers report Enter in different orders:
//   macOS Chrome    keydown (composing), compositionend, a second plain keydown
//   Windows, Linux  keydown (composing), compositionend, sometimes a line break after it
//   Safari          compositionend, then one keydown with keyCode 229
// So a composing Enter is only a wish; it comes true once the syllable is committed, and what
// the same key press still brings after that is swallowed. Since sending empties the box at
// once, a second wish finds nothing to send.

const HANGUL = /[\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff]\s*$/;
const SAME_PRESS_MS = 250;
const NO_COMMIT_MS = 150;

const isEnter = (event) => event.key === "Enter" || /^(Numpad)?Enter$/.test(event.code);

// Calls `submit` for every Enter meant as such in a field; Shift+Enter stays a line break.
function onEnter(field, submit) {
  let composing = false;
  let wished = false;
  let pressedAt = -Infinity;
  let timer = 0;

  const samePress = () => performance.now() - pressedAt < SAME_PRESS_MS;
  const fulfil = () => {
    clearTimeout(timer);
    if (!wished) return;
    wished = false;
    pressedAt = performance.now();
    submit();
  };

  field.addEventListener("compositionstart", () => { composing = true; });
  field.addEventListener("compositionend", (event) => {
    composing = false;
    if (!wished) return;
    // Enter that picks a candidate of another language's keyboard does not send.
    if (!HANGUL.test(event.data || field.value)) wished = false;
    // The last `input` event comes after this one in some browsers.
    else setTimeout(fulfil, 0);
  });
  field.addEventListener("keydown", (event) => {
    if (!isEnter(event)) { wished = false; return; }
    event.stopImmediatePropagation();
    if (event.shiftKey) return;
    if (event.isComposing || (composing && event.keyCode === 229)) {
      wished = true;
      pressedAt = performance.now();
      clearTimeout(timer);
      // A composition that nothing ends is ended by leaving the field for a moment.
      timer = setTimeout(() => { if (wished) { field.blur(); field.focus(); } }, NO_COMMIT_MS);
      return;
    }
    event.preventDefault();
    composing = false;
    if (wished) { fulfil(); return; }
    if (event.repeat || samePress()) return;
    submit();
  }, true);
  // The line break that some keyboards still insert for the Enter that was a wish.
  field.addEventListener("beforeinput", (event) => {
    const breaks = /^insert(LineBreak|Paragraph)$/.test(event.inputType) || event.data === "\n";
    if (breaks && (wished || samePress())) event.preventDefault();
  });
  field.addEventListener("keyup", (event) => {
    if (isEnter(event) && !wished) pressedAt = -Infinity;
  });
  // What was asked on the way out of the field is not asked any more.
  field.addEventListener("blur", () => setTimeout(() => {
    composing = false;
    if (document.activeElement !== field) wished = false;
  }, 0));
}

const box = {
  get field() { return document.querySelector("#jj-box textarea"); },
  get words() { return this.field ? this.field.value : ""; },
  set words(text) {
    const field = this.field;
    if (!field || field.value === text) return;
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  },
  // Puts words back that could not be sent, before what has been typed since.
  giveBack(text) {
    this.words = this.words.trim() ? `${text}\n${this.words}` : text;
  },
};

// Says that what is in the box waits for her; typing on takes the wish back.
function wait(on) {
  state.queued = on;
  const hint = document.querySelector("#jj-hint");
  hint.hidden = !on;
  if (!on) return;
  hint.querySelector("span").textContent = say(state.loading ? "queued_loading" : "queued", thread.name);
  hint.querySelector("button").textContent = say("queued_cancel");
}

function submit() {
  const text = box.words;
  if (isBlank(text)) return;
  if (state.busy || state.loading) { wait(true); return; }
  wait(false);
  box.words = "";
  begin({ text }, text);
}

// Zero-width characters alone are nothing to say.
function isBlank(text) {
  return !/[^\s\u00ad\u115f\u1160\u180e\u200b-\u200f\u2028-\u202f\u2060-\u206f\u3164\ufe0e\ufe0f\ufeff\uffa0]/.test(text);
}

function startBox() {
  const field = box.field;
  onEnter(field, submit);
  field.addEventListener("input", () => { if (state.queued) wait(false); });
  field.setAttribute("aria-describedby", "jj-hint");
}
