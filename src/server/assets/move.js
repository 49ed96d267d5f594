// One slot on its way to another time, room or length. The server is asked beforehand where it may stand, and the box
// moves only when the server has agreed.

import { ask } from "./ask.js";
import { slotOf } from "./board.js";
import { announce, complain } from "./news.js";
import { busy } from "./refresh.js";
import { follow } from "./sheet.js";

const LEVELS = { blocked: "Not possible", needs_reason: "Needs a reason" };

export class Move {
  /** `edge` is `both`, `start` or `end`. */
  constructor(board, item, edge) {
    this.board = board;
    this.item = item;
    this.edge = edge;
    this.slot = slotOf(item);
    this.home = item.parentElement;
    this.track = this.home;
    this.from = this.slot.from;
    this.to = this.slot.to;
    this.rooms = [];
    this.painted = [];
    this.over = false;
    this.ghost = document.createElement("li");
    this.ghost.className = "slot-ghost";
    this.ghost.setAttribute("aria-hidden", "true");
    this.time = document.createElement("strong");
    this.words = document.createElement("span");
    this.ghost.append(this.time, " ", this.words);
    busy("move");
    item.classList.add("slot-lifted");
    this.home.append(this.ghost);
    this.show();
    this.dryRun();
  }

  /** Takes the slot by `minutes` from where it was, to `track` where columns are rooms. */
  by(minutes, track) {
    const { slot, board, edge } = this;
    const length = slot.to - slot.from;
    const within = (value, low, high) => Math.min(Math.max(value, low), high);
    if (edge === "start") {
      this.from = within(board.snap(slot.from + minutes), board.start, slot.to - board.grid);
    } else if (edge === "end") {
      this.to = within(board.snap(slot.to + minutes), slot.from + board.grid, board.end);
    } else {
      this.from = within(board.snap(slot.from + minutes), board.start, board.end - length);
      this.to = this.from + length;
      if (track && "room" in track.dataset) this.track = track;
    }
    this.show();
  }

  get room() {
    return this.track.dataset.room ?? this.slot.room;
  }

  get moved() {
    return this.from !== this.slot.from || this.to !== this.slot.to || this.room !== this.slot.room;
  }

  /** Why the rules object to where it stands now: `{ level, words }`, or undefined. */
  get objection() {
    if (!this.moved) return undefined;
    const at = this.edge === "end" ? this.to : this.from;
    const room = this.rooms.find((each) => each.room === this.room);
    return room?.runs.find((run) => run.from <= at && at <= run.to);
  }

  /** The whole state in a sentence. */
  get sentence() {
    const where = "room" in this.track.dataset ? `, ${this.board.nameOf(this.track)}` : "";
    const { objection } = this;
    const why = objection ? `${LEVELS[objection.level]}: ${objection.words.join(" ")}` : "Free.";
    return `${this.board.range(this.from, this.to)}${where}. ${this.moved ? why : "Where it was."}`;
  }

  /** Asks the server to move it; it goes back when the server or the officer says no. */
  async drop() {
    if (!this.moved) {
      this.cancel();
      return;
    }
    this.end();
    this.ghost.classList.add("slot-ghost-waiting");
    const { board, slot } = this;
    const fields = new URLSearchParams({
      version: slot.version,
      day: board.day,
      start: board.typed(this.from),
      end: board.typed(this.to),
      room: this.room,
    });
    let done = false;
    try {
      const answered = follow(await ask("POST", `/slots/${slot.id}/placement`, fields));
      busy(undefined);
      done = await answered;
    } catch (error) {
      complain(error);
    }
    busy(undefined);
    if (done) {
      this.ghost.remove();
    } else {
      this.back();
    }
  }

  /** Leaves the slot where it is. */
  cancel() {
    this.end();
    this.back();
    busy(undefined);
  }

  end() {
    this.over = true;
    for (const item of this.painted) item.remove();
  }

  /** The box is seen going back to where it stands. */
  back() {
    const { left, top } = this.ghost.getBoundingClientRect();
    const home = this.item.getBoundingClientRect();
    this.ghost.remove();
    this.item.classList.remove("slot-lifted");
    if (this.moved) announce(`${this.slot.title} stays at ${this.board.range(this.slot.from, this.slot.to)}.`);
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const away = `translate(${left - home.left}px, ${top - home.top}px)`;
    this.item.animate([{ transform: away }, { transform: "none" }], { duration: 250, easing: "ease-out" });
  }

  show() {
    const { ghost, board, objection } = this;
    if (ghost.parentElement !== this.track) this.track.append(ghost);
    board.place(ghost, this.from, this.to);
    this.time.textContent = board.range(this.from, this.to);
    this.words.textContent = objection ? `${LEVELS[objection.level]}: ${objection.words[0]}` : "";
    ghost.classList.toggle("is-blocked", objection?.level === "blocked");
    ghost.classList.toggle("is-needs_reason", objection?.level === "needs_reason");
  }

  /** Learns what the rules say of the whole day, and paints it. */
  async dryRun() {
    const { board, slot, edge } = this;
    const query = new URLSearchParams({ day: board.day, edge });
    const answer = await fetch(`/slots/${slot.id}/placements?${query}`).catch(() => undefined);
    if (this.over || !answer?.ok) return;
    this.rooms = await answer.json();
    if (this.over) return;
    for (const { room, runs } of this.rooms) {
      const tracks = board.tracks.filter((track) => track.dataset.room === room || (track === this.home && room === this.room));
      for (const track of tracks) this.paint(track, runs);
    }
    this.show();
    this.learnt?.();
  }

  paint(track, runs) {
    const length = this.edge === "both" ? 0 : this.board.grid;
    for (const { from, to, level } of runs) {
      const item = document.createElement("li");
      item.className = `timetable-refused is-${level}`;
      item.setAttribute("aria-hidden", "true");
      this.board.place(item, this.edge === "end" ? from - length : from, this.edge === "end" ? to : to + this.board.grid);
      track.append(item);
      this.painted.push(item);
    }
  }
}
