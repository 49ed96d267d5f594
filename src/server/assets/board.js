// The timetable on screen: which minute and which room is where.

/** The board around a node; undefined when it stands on none. */
export function boardOf(node) {
  const element = node?.closest?.(".timetable");
  return element ? new Board(element) : undefined;
}

export class Board {
  constructor(element) {
    const { event, day, start, rows, rowMinutes, grid, zoom } = element.dataset;
    this.element = element;
    this.event = event;
    this.day = day;
    this.start = Number(start);
    this.rowMinutes = Number(rowMinutes);
    this.end = this.start + Number(rows) * this.rowMinutes;
    this.grid = Number(grid);
    this.cell = Math.max(Number(zoom), this.grid);
    this.changeable = "changeable" in element.dataset;
  }

  get tracks() {
    return [...this.element.querySelectorAll("ol.timetable-track")];
  }

  /** The track below an x of the window; beside the board, the nearest. */
  trackAt(x) {
    const rightToLeft = this.tracks.reverse();
    return rightToLeft.find((track) => track.getBoundingClientRect().left <= x) ?? rightToLeft.at(-1);
  }

  /** The minute at a y of the window, with its fraction. */
  minuteAt(track, y) {
    return this.start + ((y - track.getBoundingClientRect().top) / rowHeight(track)) * this.rowMinutes;
  }

  /** How far below the top of a track a minute is. */
  depthOf(track, minute) {
    return ((minute - this.start) / this.rowMinutes) * rowHeight(track);
  }

  /** The nearest minute, or with `Math.floor` the last, on a grid that begins at midnight on the venue's clock. */
  snap(minute, grid = this.grid, round = Math.round) {
    const midnight = this.start - minutesOf(this.hours[0].clock);
    return midnight + round((minute - midnight) / grid) * grid;
  }

  /** The last full hour on the ruler before a minute, and the minutes on its clock then, counted on after midnight. */
  hourAt(minute) {
    const passed = minute - this.start;
    const hour = this.hours.findLast(({ row }) => row * this.rowMinutes <= passed) ?? this.hours[0];
    return { hour, minutes: minutesOf(hour.clock) + passed - hour.row * this.rowMinutes };
  }

  /** The venue's clock at a minute, as `14:40`. */
  clock(minute) {
    return clockOf(this.hourAt(minute).minutes % (24 * 60));
  }

  /** The same for an end: midnight is the end of this day. */
  endClock(minute) {
    const clock = this.clock(minute);
    return clock === "00:00" ? "24:00" : clock;
  }

  /** The same as the forms take it: `24:30` after midnight, `02:30+01:00` where the clocks pass that time twice. */
  typed(minute) {
    const { hour, minutes } = this.hourAt(minute);
    return `${clockOf(minutes)}${hour.offset}`;
  }

  range(from, to) {
    return `${this.clock(from)}–${this.endClock(to)}`;
  }

  /** Stands an item on the rows from one minute to another. */
  place(item, from, to) {
    const row = Math.floor((from - this.start) / this.rowMinutes);
    const span = Math.max(1, Math.ceil((to - this.start) / this.rowMinutes) - row);
    const others = [...item.classList].filter((name) => !/^(row|span)-/.test(name));
    item.className = [...others, `row-${row}`, `span-${span}`].join(" ");
  }

  /** From which minute to which an item stands: where its rows begin and end, unless the item says otherwise. */
  timesOf(item) {
    const rows = (name) => Number(item.className.match(new RegExp(`\\b${name}-(\\d+)`))[1]);
    const top = this.start + rows("row") * this.rowMinutes;
    const { from = top, to = top + rows("span") * this.rowMinutes } = item.dataset;
    return { from: Number(from), to: Number(to) };
  }

  /** The heading of a track's column, as `Salon`. */
  nameOf(track) {
    return track.closest(".timetable-column").querySelector("h2").textContent.trim();
  }

  get hours() {
    return [...this.element.querySelectorAll(".timetable-hour")].map((hour) => ({
      row: Number(hour.dataset.row),
      clock: hour.dataset.clock,
      offset: hour.dataset.offset ?? "",
    }));
  }
}

function rowHeight(track) {
  return Number.parseFloat(getComputedStyle(track).gridAutoRows);
}

function clockOf(minutes) {
  const two = (number) => String(number).padStart(2, "0");
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

function minutesOf(clock) {
  const [hours, minutes] = clock.split(":");
  return Number(hours) * 60 + Number(minutes);
}

/** From which minute to which a slot on a board lasts. */
export function timesOf(item) {
  return boardOf(item).timesOf(item);
}

/** What a slot's box says of the slot. */
export function slotOf(item) {
  const { slot, version, room = item.parentElement.dataset.room } = item.dataset;
  return {
    id: slot,
    version,
    ...timesOf(item),
    room,
    title: item.querySelector(".slot-title").textContent.trim(),
  };
}
