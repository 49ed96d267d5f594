// Keeps the page up to date with what others do, and says when it cannot.

import { ask } from "./ask.js";
import { refresh } from "./refresh.js";

/** A hiccup shorter than this is nobody's business. */
const PATIENCE_MS = 1_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 15_000;

const main = document.querySelector("main[data-live]");
const { live: address, editing } = main.dataset;
let known = Number(main.dataset.revision);
let shown = main.dataset.shown;
let latest = known;
let editors = [];
let source;
let pause = FIRST_PAUSE_MS;
let complaint;
let over = false;

const line = document.createElement("p");
line.className = "live-status";
line.setAttribute("role", "status");
document.body.append(line);

document.addEventListener("visibilitychange", () => {
  // A form that is open stays announced; any other page needs no news while nobody sees it.
  if (document.hidden && !editing) hangUp();
  else if (!source) listen();
});
document.addEventListener("iikura:idle", catchUp);
document.addEventListener("iikura:refreshed", (event) => {
  ({ revision: known, shown } = event.detail);
  showEditors();
  catchUp();
});
addEventListener("pagehide", hangUp);
listen();

function listen() {
  if (over) return;
  const url = new URL(address, location.href);
  if (editing) url.searchParams.set("editing", editing);
  url.searchParams.set("shown", shown);
  source = new EventSource(url);
  source.addEventListener("revision", (event) => {
    recovered();
    latest = Number(event.data);
    catchUp();
  });
  // The database was set back: what is shown has never been, whatever its number.
  source.addEventListener("reset", (event) => {
    latest = Number(event.data);
    known = -1;
    catchUp();
  });
  source.addEventListener("editing", (event) => {
    editors = JSON.parse(event.data);
    showEditors();
  });
  source.addEventListener("ended", ended);
  source.onerror = lost;
}

function hangUp() {
  source?.close();
  source = undefined;
}

function recovered() {
  clearTimeout(complaint);
  complaint = undefined;
  pause = FIRST_PAUSE_MS;
  if (!over) line.replaceChildren();
}

/** The browser connects again by itself, unless the server has answered with something else than a stream. */
function lost() {
  complaint ??= setTimeout(() => say("Connection lost. What you see may be out of date. Connecting again…"), PATIENCE_MS);
  editors = [];
  showEditors();
  if (source?.readyState !== EventSource.CLOSED) return;
  hangUp();
  setTimeout(inquire, pause);
  pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
}

/** Finds out whether the server is back, and whether we are still signed in. */
async function inquire() {
  try {
    const { status, url } = await ask("GET", location.href);
    if (url.pathname === "/sign-in" || status === 404 || status === 403) ended();
    else listen();
  } catch {
    lost();
  }
}

function ended() {
  over = true;
  hangUp();
  clearTimeout(complaint);
  say("Your session has ended, so this page no longer changes. ");
  const link = document.createElement("a");
  link.href = location.href;
  link.textContent = "Sign in again";
  line.append(link);
}

function say(sentence) {
  line.textContent = sentence;
}

let catching = false;

/** Fetches what is new, unless somebody has a slot in the hand. */
async function catchUp() {
  if (catching || latest <= known || document.documentElement.dataset.busy) return;
  catching = true;
  try {
    if (editing) await lookAtSlot();
    else await refresh();
  } catch {
    // The stream breaks as well then, and what is new is asked for when it is back.
  } finally {
    catching = false;
  }
}

// ---- who edits -----------------------------------------------------------------------------------------------------

function showEditors() {
  for (const mark of document.querySelectorAll(".editor-mark")) mark.remove();
  for (const { slot, name } of editors) {
    for (const place of document.querySelectorAll(`[data-slot="${CSS.escape(slot)}"]`)) {
      const mark = document.createElement("span");
      mark.className = "editor-mark";
      mark.textContent = `✎ ${name} is editing${editing ? " this slot, too" : ""}`;
      place.append(mark);
    }
  }
}

/** The form keeps what is typed; that the slot itself has changed is said beside it. */
async function lookAtSlot() {
  const { page } = await ask("GET", `/slots/${editing}`);
  known = latest;
  const shown = page.querySelector("main[data-version]");
  const place = main.querySelector(".slot-news");
  if (!place || !shown || shown.dataset.version === main.dataset.version) return;
  const author = page.querySelector(".history-entry strong")?.textContent ?? "Another user";
  const link = document.createElement("a");
  link.href = `/slots/${editing}#history-title`;
  link.textContent = "See what changed";
  place.replaceChildren(`${author} has changed this slot since you opened it. What you typed is still here. `, link);
  place.hidden = false;
}
