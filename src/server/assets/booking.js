// The slot form over the timetable, filled in with the place that was pressed.

import { ask } from "./ask.js";
import { boardOf } from "./board.js";
import { complain } from "./news.js";
import { follow } from "./sheet.js";

/** How long a slot is at first, in minutes. */
const LENGTH = 30;

export function listen() {
  document.addEventListener("click", press);
}

/** Opens the form for a time in a column. */
export function openForm(board, track, from, to = Math.min(from + LENGTH, board.end)) {
  const query = new URLSearchParams(track.dataset.query);
  query.set("day", board.day);
  query.set("start", board.typed(from));
  query.set("end", board.typed(to));
  return openPage(`/events/${board.event}/slots/new?${query}`);
}

async function openPage(address) {
  try {
    await follow(await ask("GET", address));
  } catch (error) {
    complain(error);
  }
}

function press(event) {
  const board = boardOf(event.target);
  if (!board?.changeable || event.defaultPrevented || event.button !== 0) return;
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest("a");
  if (link?.pathname.endsWith("/slots/new")) {
    event.preventDefault();
    openPage(link.href);
    return;
  }
  const track = event.target.closest("ol.timetable-track");
  if (track && !link && !event.target.closest("button, .slot")) {
    openForm(board, track, board.snap(board.minuteAt(track, event.clientY), board.cell, Math.floor));
  }
}
