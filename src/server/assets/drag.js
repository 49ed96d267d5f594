// Moving, stretching and drawing slots with mouse, pen or finger.

import { boardOf } from "./board.js";
import { openForm } from "./booking.js";
import { Move } from "./move.js";

/** Pixels that tell a drag from a click. */
const THRESHOLD = 5;
/** How long a finger rests on a slot before it lifts it; sooner, it scrolls. */
const LONG_PRESS_MS = 400;
/** Pixels at a box's edge that take hold of the edge. */
const EDGE = 7;
/** Pixels at the rim of the view in which it scrolls along. */
const RIM = 40;
/** Pixels that it scrolls along in a frame. */
const SPEED = 8;

const FINGERS = matchMedia("(pointer: coarse)");

/** The pointer that is down but has not moved far enough; then the drag itself. */
let held;
let drag;

export function listen() {
  document.addEventListener("pointerdown", press);
  document.addEventListener("pointermove", go);
  document.addEventListener("pointerup", release);
  document.addEventListener("pointercancel", give);
  document.addEventListener("keydown", (event) => event.key === "Escape" && give());
  document.addEventListener("dragstart", (event) => event.target.closest?.(".timetable") && event.preventDefault());
  document.addEventListener("touchmove", (event) => drag && event.preventDefault(), { passive: false });
  document.addEventListener("contextmenu", (event) => drag && event.preventDefault());
  document.addEventListener("iikura:refreshed", addGrips);
  FINGERS.addEventListener("change", addGrips);
  addGrips();
}

/** Gives every slot a grip at its lower edge, where fingers point. */
function addGrips() {
  if (!FINGERS.matches) return;
  for (const item of document.querySelectorAll(".timetable[data-changeable] .slot[data-slot]:not([data-elsewhere])")) {
    if (item.querySelector(".slot-grip")) continue;
    const grip = document.createElement("span");
    grip.className = "slot-grip";
    grip.dataset.edge = "end";
    grip.setAttribute("aria-hidden", "true");
    item.append(grip);
  }
}

function press(event) {
  const board = boardOf(event.target);
  // One drag at a time: a second finger or button is not another.
  if (!board?.changeable || held || drag || event.button !== 0 || !event.isPrimary) return;
  const item = event.target.closest(".slot[data-slot]:not([data-elsewhere])");
  const track = event.target.closest("ol.timetable-track");
  const grip = event.target.closest(".slot-grip");
  const mouse = event.pointerType !== "touch";
  if (item) {
    held = { board, item, edge: grip?.dataset.edge ?? (mouse ? edgeAt(item, event.clientY) : "both") };
  } else if (track && mouse && !event.target.closest("a, button, .slot")) {
    held = { board, track };
  } else {
    return;
  }
  Object.assign(held, { id: event.pointerId, x: event.clientX, y: event.clientY, mouse });
  if (!mouse && grip) begin();
  else if (!mouse) held.timer = setTimeout(begin, LONG_PRESS_MS);
}

function edgeAt(item, y) {
  const { top, bottom } = item.getBoundingClientRect();
  const edge = Math.min(EDGE, (bottom - top) / 4);
  if (y - top < edge) return "start";
  return bottom - y < edge ? "end" : "both";
}

function begin() {
  clearTimeout(held.timer);
  const { board, item, track, edge } = held;
  drag = { ...held, clientX: held.x, clientY: held.y };
  held = undefined;
  if (item) {
    drag.move = new Move(board, item, edge);
    drag.grabbed = board.minuteAt(item.parentElement, drag.y);
  } else {
    drag.drawn = drawing(track);
    drag.from = board.snap(board.minuteAt(track, drag.y), board.grid, Math.floor);
  }
  document.documentElement.dataset.drag = edge ?? "draw";
  requestAnimationFrame(frame);
}

function drawing(track) {
  const item = document.createElement("li");
  item.className = "slot-ghost";
  item.setAttribute("aria-hidden", "true");
  track.append(item);
  return item;
}

function go(event) {
  if (held?.id === event.pointerId) {
    const far = Math.hypot(event.clientX - held.x, event.clientY - held.y) > THRESHOLD;
    if (far && held.mouse) begin();
    else if (far) forget();
  }
  if (drag?.id === event.pointerId) {
    drag.clientX = event.clientX;
    drag.clientY = event.clientY;
  } else if (!held && event.pointerType === "mouse") {
    hint(event);
  }
}

/** The cursor says what would be taken hold of. */
function hint(event) {
  const item = event.target.closest?.(".slot[data-slot]:not([data-elsewhere])");
  if (item && boardOf(item)?.changeable) item.dataset.edge = edgeAt(item, event.clientY);
}

/** Once a frame: scroll along at the rim, and show where it would stand. */
function frame() {
  if (!drag) return;
  const { board, move, clientX, clientY } = drag;
  const view = board.element.closest(".timetable-scroll");
  const { left, top, right, bottom } = view.getBoundingClientRect();
  const rim = (near, far, at) => (at < near + RIM ? -1 : at > far - RIM ? 1 : 0);
  view.scrollBy(rim(left, right, clientX) * SPEED, rim(top, bottom, clientY) * SPEED);
  // The view itself may reach beyond the window.
  scrollBy(0, rim(0, innerHeight, clientY) * SPEED);
  if (move) {
    const track = board.trackAt(clientX);
    move.by(board.minuteAt(move.home, clientY) - drag.grabbed, track);
  } else {
    draw();
  }
  requestAnimationFrame(frame);
}

function draw() {
  const { board, track, drawn, from, clientY } = drag;
  const at = board.snap(board.minuteAt(track, clientY));
  drag.range = at >= from ? [from, Math.max(at, from + board.grid)] : [at, from + board.grid];
  const [start, end] = drag.range.map((minute) => Math.min(Math.max(minute, board.start), board.end));
  drag.range = [start, end];
  board.place(drawn, start, end);
  drawn.textContent = board.range(start, end);
}

function release(event) {
  if (held?.id === event.pointerId) forget();
  if (drag?.id !== event.pointerId) return;
  const { board, move, track, drawn, range } = drag;
  finish();
  swallowClick();
  if (move) {
    move.drop();
  } else {
    drawn.remove();
    if (range) openForm(board, track, ...range);
  }
}

/** The drag is given up: everything is as it was. */
function give() {
  forget();
  if (!drag) return;
  const { move, drawn } = drag;
  finish();
  document.addEventListener("pointerup", swallowClick, { once: true }); // the button is still down
  move?.cancel();
  drawn?.remove();
}

function forget() {
  clearTimeout(held?.timer);
  held = undefined;
}

function finish() {
  drag = undefined;
  delete document.documentElement.dataset.drag;
}

/** The click that a browser makes of the end of a drag is none. */
function swallowClick() {
  const swallow = (event) => {
    event.preventDefault();
    event.stopPropagation();
  };
  document.addEventListener("click", swallow, { capture: true, once: true });
  setTimeout(() => document.removeEventListener("click", swallow, { capture: true }));
}
