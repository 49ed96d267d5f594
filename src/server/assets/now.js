// The line that says how late it is, on the day itself.

import { Board } from "./board.js";

const EVERY_MS = 15_000;

export function show() {
  draw();
  document.querySelector(".timetable-now")?.scrollIntoView({ block: "center", inline: "nearest" });
  setInterval(draw, EVERY_MS);
  document.addEventListener("iikura:refreshed", draw);
}

function draw() {
  const element = document.querySelector(".timetable");
  document.querySelector(".timetable-now")?.remove();
  if (!element) return;
  const board = new Board(element);
  const minute = Date.now() / 60_000;
  if (minute < board.start || minute >= board.end) return;
  const track = element.querySelector(".timetable-track");
  const line = document.createElement("div");
  line.className = "timetable-now";
  const top = track.getBoundingClientRect().top - element.getBoundingClientRect().top;
  line.style.insetBlockStart = `${top + board.depthOf(track, minute)}px`;
  const label = document.createElement("span");
  label.textContent = `Now ${board.clock(Math.floor(minute))}`;
  line.append(label);
  element.append(line);
}
