// The timetable by keyboard: arrows walk, Enter opens or books, M takes a slot elsewhere, E its end.

import { boardOf, timesOf } from "./board.js";
import { openForm } from "./booking.js";
import { Move } from "./move.js";
import { announce } from "./news.js";

const LIFTS = {
  m: { edge: "both", help: "Arrow keys change time and room. Enter drops it, Escape cancels." },
  e: { edge: "end", help: "Arrow keys up and down change its end. Enter drops it, Escape cancels." },
};

/** The move that the keys steer, and how far it has gone. */
let move;
let minutes = 0;
/** The free place that has the focus: a button that wanders. */
const cell = document.createElement("button");
cell.type = "button";
cell.className = "timetable-cell";

export function listen() {
  document.addEventListener("keydown", press);
  document.addEventListener("focusout", leave);
  document.addEventListener("iikura:refreshed", rove);
  cell.addEventListener("click", book);
  rove();
}

/** One slot of the board is reached by Tab, the others by arrows. */
function rove(current) {
  const links = [...document.querySelectorAll(".timetable .slot-link")];
  const chosen = current instanceof Element ? current : links.find((link) => link === document.activeElement) ?? links[0];
  for (const link of links) link.tabIndex = link === chosen ? 0 : -1;
}

function press(event) {
  const board = boardOf(event.target);
  if (!board) return;
  if (move) {
    steer(event);
    return;
  }
  const link = event.target.closest(".slot-link");
  const free = event.target === cell;
  if (!link && !free) return;
  const direction = directionOf(event);
  const kind = LIFTS[event.key.toLowerCase()];
  if (link && !link.closest("[data-elsewhere]") && kind && board.changeable && plain(event)) {
    event.preventDefault();
    lift(board, link.closest(".slot"), kind);
  } else if (direction && !event.altKey && !event.metaKey) {
    event.preventDefault();
    const step = board.changeable && (free || event.ctrlKey);
    if (step) walkCells(board, event.target, direction);
    else walkSlots(board, link, direction);
  } else if (free && event.key === "Escape") {
    rove();
    document.querySelector('.timetable .slot-link[tabindex="0"]')?.focus();
  }
}

function plain(event) {
  return !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
}

function directionOf({ key }) {
  return { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[key];
}

// ---- walking -------------------------------------------------------------------------------------------------------

function walkSlots(board, link, [across, down]) {
  const item = link.closest(".slot");
  const { tracks } = board;
  const here = tracks.indexOf(item.parentElement);
  if (down) {
    const items = slotsIn(tracks[here]);
    focusSlot(items[items.indexOf(item) + down]);
    return;
  }
  for (let at = here + across; tracks[at]; at += across) {
    const { from } = timesOf(item);
    const near = (each) => Math.abs(timesOf(each).from - from);
    const nearest = slotsIn(tracks[at]).sort((a, b) => near(a) - near(b))[0];
    if (nearest) {
      focusSlot(nearest);
      return;
    }
  }
}

function slotsIn(track) {
  const items = [...track.querySelectorAll(".slot[data-slot]")];
  return items.sort((a, b) => timesOf(a).from - timesOf(b).from);
}

function focusSlot(item) {
  const link = item?.querySelector(".slot-link");
  if (!link) return;
  rove(link);
  link.focus();
}

/** Goes cell by cell; a slot in the way gets the focus itself. */
function walkCells(board, target, [across, down]) {
  const { tracks } = board;
  const item = target.closest(".slot");
  const track = target.closest("ol.timetable-track");
  const next = tracks[tracks.indexOf(track) + across] ?? track;
  let at = item ? timesOf(item).from : Number(cell.dataset.from);
  if (down > 0) at = item ? board.snap(timesOf(item).to, board.cell, Math.ceil) : at + board.cell;
  if (down < 0) at = item ? board.snap(at, board.cell, Math.ceil) - board.cell : at - board.cell;
  if (at < board.start || at >= board.end) return;
  const taken = slotsIn(next).find((each) => timesOf(each).from < at + board.cell && at < timesOf(each).to);
  if (taken && taken !== item) focusSlot(taken);
  else showCell(board, next, board.snap(at, board.cell, Math.floor));
}

function showCell(board, track, from) {
  const item = cell.closest("li") ?? document.createElement("li");
  item.className = "timetable-cell-place";
  cell.dataset.from = from;
  cell.textContent = `Book at ${board.clock(from)}`;
  cell.setAttribute("aria-label", `Book at ${board.clock(from)}, ${board.nameOf(track)}`);
  item.append(cell);
  track.append(item);
  board.place(item, from, from + board.cell);
  cell.focus();
  cell.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function book() {
  const board = boardOf(cell);
  openForm(board, cell.closest("ol.timetable-track"), Number(cell.dataset.from));
}

function leave(event) {
  if (event.target === cell && event.relatedTarget && !event.relatedTarget.closest("dialog")) cell.closest("li")?.remove();
}

// ---- moving --------------------------------------------------------------------------------------------------------

function lift(board, item, { edge, help }) {
  move = new Move(board, item, edge);
  minutes = 0;
  move.learnt = () => announce(move.sentence);
  announce(`Moving ${move.slot.title}. ${help}`);
}

function steer(event) {
  const direction = directionOf(event);
  const { board } = move;
  if (event.key === "Tab") {
    event.preventDefault();
  } else if (direction) {
    event.preventDefault();
    const [across, down] = direction;
    const { tracks } = board;
    minutes += down * board.grid;
    move.by(minutes, tracks[tracks.indexOf(move.track) + across]);
    move.ghost.scrollIntoView({ block: "nearest", inline: "nearest" });
    announce(move.sentence);
  } else if (event.key === "Enter" || event.key === "Escape") {
    event.preventDefault();
    const lifted = move;
    move = undefined;
    if (event.key === "Enter") lifted.drop();
    else lifted.cancel();
  }
}
