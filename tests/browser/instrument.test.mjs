// The timetable as an instrument: mouse, keyboard and finger, and the same by plain forms.

import assert from "node:assert/strict";

import { scenarios, screenshot, signIn } from "./support.mjs";

const EVENT = "/events/ca-jad-9";

scenarios((scenario) => {
  scenario("an empty place is pressed, a slot booked there, and the booking undone", async ({ page }) => {
    await open(page);
    await stayHere(page);
    const { x, y } = await placeAt(page, "hall", "18:00");
    await page.mouse.click(x, y + 2);
    const sheet = page.getByRole("dialog");
    await sheet.getByRole("heading", { name: "Book a slot" }).waitFor();
    assert.deepEqual(
      [await sheet.getByLabel("Start").inputValue(), await sheet.getByLabel("End").inputValue()],
      ["18:00", "18:30"],
    );
    assert.equal(await sheet.getByLabel("Room", { exact: true }).inputValue(), "hall");
    await sheet.getByLabel("Title").fill("");
    await sheet.getByRole("group", { name: "Delegations" }).getByLabel("Turkmenistan").check();
    await sheet.getByRole("button", { name: "Book slot" }).click();
    await sheet.getByRole("link", { name: /Title/ }).waitFor();
    assert.ok(await sheet.getByRole("group", { name: "Delegations" }).getByLabel("Turkmenistan").isChecked(), "what was chosen is still there");
    await sheet.getByLabel("Title").fill("A word with Turkmenistan");
    assert.ok(await sheet.getByLabel("Interpretation is wanted").isChecked());
    await sheet.getByLabel("Interpreter, Japanese–Russian (reserve)").check();
    await screenshot(page, "form over the timetable");
    await sheet.getByRole("button", { name: "Book slot" }).click();
    await slot(page, "A word with Turkmenistan").waitFor();
    assert.equal(await roomOf(page, "A word with Turkmenistan"), "hall");
    await news(page, "The slot is booked.");
    await page.getByRole("button", { name: "Undo" }).click();
    await slot(page, "A word with Turkmenistan").waitFor({ state: "detached" });
    await news(page, "The change is undone.");
    await assertStayed(page);
  });

  scenario("a longer slot is drawn over empty places", async ({ page }) => {
    await open(page);
    await placeAt(page, "hall", "20:00");
    const from = await placeAt(page, "hall", "19:00");
    const to = await placeAt(page, "hall", "20:00");
    await drag(page, { x: from.x, y: from.y + 1 }, { x: to.x, y: to.y });
    const sheet = page.getByRole("dialog");
    assert.equal(await sheet.getByLabel("Start").inputValue(), "19:00");
    assert.equal(await sheet.getByLabel("End").inputValue(), "20:00");
    await sheet.getByRole("link", { name: "Cancel" }).click();
    await sheet.waitFor({ state: "hidden" });
  });

  scenario("a slot is dragged to another room and time, and the move undone", async ({ page }) => {
    await open(page);
    await stayHere(page);
    await dragSlot(page, "Japan–Kazakhstan", "hall", "18:00");
    await news(page, "The slot is moved.");
    assert.equal(await timeOf(page, "Japan–Kazakhstan"), "18:00–18:25");
    assert.equal(await roomOf(page, "Japan–Kazakhstan"), "hall");
    assert.match(await page.evaluate(() => document.activeElement.innerText), /Japan–Kazakhstan/);
    await page.getByRole("button", { name: "Undo" }).click();
    await news(page, "The change is undone.");
    assert.equal(await timeOf(page, "Japan–Kazakhstan"), "17:20–17:45");
    assert.equal(await roomOf(page, "Japan–Kazakhstan"), "conference");
    await assertStayed(page);
    await page.getByRole("link", { name: "History" }).click();
    assert.equal(await page.getByText("slot undone").count(), 2);
  });

  scenario("an edge is dragged, and only the length changes", async ({ page }) => {
    await open(page);
    await placeAt(page, "conference", "18:00");
    const box = await boxOf(page, "Japan–Kazakhstan");
    const end = await placeAt(page, "conference", "18:00");
    const edge = { x: box.x + 50, y: box.y + box.height - 2 };
    await drag(page, edge, { x: edge.x, y: end.y - 2 });
    await news(page, "The slot is moved.");
    assert.equal(await timeOf(page, "Japan–Kazakhstan"), "17:20–18:00");
    await page.getByRole("button", { name: "Undo" }).click();
    await news(page, "The change is undone.");
    assert.equal(await timeOf(page, "Japan–Kazakhstan"), "17:20–17:45");
  });

  scenario("a place that is taken says so before the drop, and the box goes back", async ({ page }) => {
    await open(page);
    const before = await boxOf(page, "Japan–Uzbekistan");
    await lift(page, "Japan–Uzbekistan", "conference", "15:30");
    const ghost = page.locator(".slot-ghost");
    await ghost.filter({ hasText: "Not possible" }).waitFor();
    assert.match(await ghost.innerText(), /15:30–16:00\s+Not possible: .*Japan–Turkmenistan/s);
    await screenshot(page, "where a slot cannot go");
    await page.mouse.up();
    const sheet = page.getByRole("dialog");
    await sheet.getByRole("heading", { name: "This cannot be booked" }).waitFor();
    assert.match(await sheet.innerText(), /Japan is in “Japan–Turkmenistan Foreign Ministers' Meeting”.*until 15:45/s);
    await page.keyboard.press("Escape");
    await sheet.waitFor({ state: "hidden" });
    await ghost.waitFor({ state: "detached" });
    await settled(page);
    assert.equal(await timeOf(page, "Japan–Uzbekistan"), "16:40–17:10");
    assert.deepEqual(await boxOf(page, "Japan–Uzbekistan"), before);
    assert.match(await page.getByRole("log").innerText(), /Uzbekistan.* stays at 16:40–17:10/);
  });

  scenario("a drop that needs a reason asks for it and keeps it with the slot", async ({ page }) => {
    await open(page);
    await dragSlot(page, "Japan–Uzbekistan", "conference", "16:50");
    const sheet = page.getByRole("dialog");
    await sheet.getByRole("heading", { name: "This needs a reason" }).waitFor();
    await sheet.getByLabel("Reason: Turnaround of the room").fill("The room stays as it is");
    await sheet.getByRole("button", { name: "Save with this reason" }).click();
    await news(page, "The changes are saved.");
    assert.equal(await timeOf(page, "Japan–Uzbekistan"), "16:50–17:20");
    assert.match(await slot(page, "Japan–Kazakhstan").innerText(), /Overridden: Turnaround of the room/);
    await page.getByText("Demo officer: The room stays as it is").waitFor();
    await page.getByRole("button", { name: "Undo" }).click();
    await news(page, "The change is undone.");
    assert.equal(await timeOf(page, "Japan–Uzbekistan"), "16:40–17:10");
  });

  scenario("below the end of the day there is no more day", async ({ page }) => {
    await open(page);
    await lift(page, "Japan–Uzbekistan", "conference", "20:00");
    await page.mouse.move(600, 20_000);
    const ghost = page.locator(".slot-ghost");
    await ghost.filter({ hasText: "20:30–21:00" }).waitFor();
    await page.keyboard.press("Escape");
    await ghost.waitFor({ state: "detached" });
    await page.mouse.up();
    await settled(page);
    assert.equal(await timeOf(page, "Japan–Uzbekistan"), "16:40–17:10");
    assert.equal(await page.getByRole("dialog").count(), 0);
  });

  scenario("a second pointer is no second drag", async ({ page }) => {
    await open(page);
    await lift(page, "Japan–Uzbekistan", "conference", "18:30");
    await page.locator(".slot-ghost").waitFor();
    const other = slot(page, "Japan–Kazakhstan");
    const second = { pointerId: 77, isPrimary: true, button: 0, pointerType: "mouse", bubbles: true };
    await other.dispatchEvent("pointerdown", second);
    await other.dispatchEvent("pointermove", { ...second, clientX: 900, clientY: 900 });
    assert.equal(await page.locator(".slot-ghost").count(), 1);
    assert.equal(await page.locator(".slot-lifted").count(), 1);
    await page.keyboard.press("Escape");
    await page.mouse.up();
    assert.equal(await timeOf(page, "Japan–Kazakhstan"), "17:20–17:45");
  });

  scenario("by keyboard alone: walk, move, leave, stretch and book", async ({ page }) => {
    await open(page);
    await page.locator(".slot-link").first().focus();
    await page.keyboard.press("ArrowRight");
    const focused = () => page.evaluate(() => document.activeElement.ariaLabel ?? document.activeElement.innerText);
    assert.match(await focused(), /Japan–Kyrgyz/);
    for (let times = 0; times < 4; times += 1) await page.keyboard.press("ArrowDown");
    assert.match(await focused(), /Japan–Kazakhstan/);

    const said = page.getByRole("log");
    await page.keyboard.press("m");
    await page.keyboard.press("ArrowUp");
    await said.filter({ hasText: "17:15–17:40, Conference Room" }).waitFor();
    await page.keyboard.press("Escape");
    await said.filter({ hasText: "stays at 17:20–17:45" }).waitFor();
    assert.equal(await timeOf(page, "Japan–Kazakhstan"), "17:20–17:45");

    await page.keyboard.press("m");
    await page.keyboard.press("ArrowDown");
    await said.filter({ hasText: "17:25–17:50, Conference Room. Free." }).waitFor();
    await page.keyboard.press("Enter");
    await news(page, "The slot is moved.");
    assert.equal(await timeOf(page, "Japan–Kazakhstan"), "17:25–17:50");
    assert.match(await focused(), /Japan–Kazakhstan/, "the focus goes with it");

    await page.keyboard.press("e");
    await page.keyboard.press("ArrowDown");
    await said.filter({ hasText: "17:25–17:55" }).waitFor();
    await page.keyboard.press("Enter");
    await slot(page, "17:25–17:55").waitFor();

    await page.keyboard.press("Control+ArrowDown");
    assert.equal(await focused(), "Book at 18:00, Conference Room");
    await page.keyboard.press("ArrowLeft");
    assert.equal(await focused(), "Book at 18:00, Main Hall");
    await page.keyboard.press("Enter");
    const sheet = page.getByRole("dialog");
    await sheet.getByLabel("Start").waitFor();
    assert.equal(await sheet.getByLabel("Start").inputValue(), "18:00");
    await page.keyboard.press("Escape");
    await sheet.waitFor({ state: "hidden" });
    for (const time of ["17:25–17:50", "17:20–17:45"]) {
      await openSlot(page, "Japan–Kazakhstan");
      await page.getByLabel("Start").fill(time.slice(0, 5));
      await page.getByLabel("End").fill(time.slice(6));
      await page.getByRole("button", { name: "Move slot" }).click();
      await page.getByRole("status").filter({ hasText: "moved" }).waitFor();
    }
  });

  scenario("two officers at one slot: the second sees both versions and decides", async ({ page, context }) => {
    await open(page);
    await lift(page, "Japan–Tajikistan", "conference", "19:00");
    const colleague = await context.newPage();
    await openSlot(colleague, "Japan–Tajikistan");
    await colleague.getByLabel("Start").fill("18:20");
    await colleague.getByLabel("End").fill("19:00");
    await colleague.getByRole("button", { name: "Move slot" }).click();
    await colleague.getByRole("status").filter({ hasText: "moved" }).waitFor();

    await page.mouse.up();
    const sheet = page.getByRole("dialog");
    await sheet.getByRole("heading", { name: "Another user has changed this slot" }).waitFor();
    assert.match(await sheet.getByRole("row", { name: /Time/ }).innerText(), /19:00–19:40\s+18:20–19:00/);
    await screenshot(page, "both versions");
    await sheet.getByRole("button", { name: "Replace with mine" }).click();
    await news(page, "The changes are saved.");
    assert.equal(await timeOf(page, "Japan–Tajikistan"), "19:00–19:40");
    await openSlot(page, "Japan–Tajikistan");
    await page.getByLabel("Start").fill("15:55");
    await page.getByLabel("End").fill("16:35");
    await page.getByRole("button", { name: "Move slot" }).click();
    await page.getByRole("status").filter({ hasText: "moved" }).waitFor();
  });

  scenario("a room that is gone meanwhile takes nobody", async ({ page, context }) => {
    await open(page);
    await lift(page, "Japan–Uzbekistan", "salon", "18:30");
    const colleague = await context.newPage();
    await colleague.goto(`${EVENT}/rooms/salon`);
    await colleague.getByRole("button", { name: /Remove/ }).click();
    await colleague.getByRole("status").filter({ hasText: "Removed" }).waitFor();

    await page.mouse.up();
    const sheet = page.getByRole("dialog");
    await sheet.getByText("There is no such room at this event").first().waitFor();
    assert.equal(await sheet.getByLabel("Start").inputValue(), "18:30");
    await sheet.getByRole("button", { name: "Close" }).click();
    await settled(page);
    assert.equal(await timeOf(page, "Japan–Uzbekistan"), "16:40–17:10");
  });

  scenario("a finger rests on a slot, lifts it and puts it down; sooner, it scrolls", async ({ page, browser, demo }) => {
    const touch = await touchScreen(browser, demo);
    const phone = touch.page;
    try {
      await signInOn(phone, demo);
      await phone.goto(EVENT);
      await touch.swipe(slot(phone, "Agenda item 1"), -60);
      assert.equal(await phone.locator(".slot-lifted").count(), 0);
      await touch.carry(slot(phone, "Agenda item 1"), -15);
      await news(phone, "The slot is moved.");
      assert.equal(await timeOf(phone, "Agenda item 1"), "09:45–10:55");
      await phone.getByRole("button", { name: "Undo" }).click();
      await news(phone, "The change is undone.");
      assert.equal(await timeOf(phone, "Agenda item 1"), "10:00–11:10");

      await screenshot(phone, "timetable on a phone");
      const place = await placeAt(phone, "hall", "09:00");
      await phone.touchscreen.tap(place.x, place.y + 3);
      const asked = phone.getByRole("dialog");
      await asked.getByLabel("Start").waitFor();
      assert.equal(await asked.getByLabel("Start").inputValue(), "09:00");
      await screenshot(phone, "form on a phone");
    } finally {
      await touch.close();
    }
    await page.goto("about:blank");
  });

  scenario("without scripts, forms do the same", async ({ browser, demo, page }) => {
    const context = await browser.newContext({ baseURL: demo.address, javaScriptEnabled: false });
    const plain = await context.newPage();
    try {
      await signInOn(plain, demo);
      await plain.goto(EVENT);
      await plain.getByRole("button", { name: "30 min" }).click();
      assert.equal(await plain.locator(".timetable").getAttribute("data-zoom"), "30");
      await plain.getByRole("link", { name: "Book a slot: Main Hall" }).click();
      await plain.getByLabel("Title").fill("A plain word");
      await plain.getByLabel("Start").fill("19:30");
      await plain.getByLabel("End").fill("20:00");
      await plain.getByRole("group", { name: "Delegations" }).getByLabel("Uzbekistan").check();
      await plain.getByLabel("Interpreter, Japanese–Russian (reserve)").check();
      await plain.getByRole("button", { name: "Book slot" }).click();
      await plain.getByText("The slot is booked.").waitFor();
      await plain.getByLabel("Start").fill("18:30");
      await plain.getByLabel("End").fill("19:00");
      await plain.getByRole("button", { name: "Move slot" }).click();
      await plain.getByText("The slot is moved.").waitFor();
      await plain.getByRole("button", { name: "Undo" }).click();
      await plain.getByText("The change is undone.").waitFor();
      assert.match(await plain.locator("main").innerText(), /19:30–20:00/);
      await plain.getByRole("button", { name: "Cancel slot" }).click();
      await plain.getByText("The slot is cancelled.").waitFor();
      await plain.goto(EVENT);
      await plain.getByRole("button", { name: "15 min" }).click();
    } finally {
      await context.close();
    }
    await page.goto("about:blank");
  });

  scenario("on the day, a line says how late it is", async ({ page }) => {
    await page.clock.setFixedTime(new Date("2022-12-24T06:12:00Z"));
    await open(page);
    assert.equal(await page.locator(".timetable-now").innerText(), "Now 15:12");
    const line = await page.locator(".timetable-now").boundingBox();
    const { y } = await placeAt(page, "conference", "15:12");
    assert.ok(Math.abs(line.y - y) < 3, `${line.y} is at ${y}`);
    await page.clock.setFixedTime(new Date("2022-12-25T06:12:00Z"));
    await page.reload();
    assert.equal(await page.locator(".timetable-now").count(), 0);
  });
});

// ---- the timetable as a person sees it -----------------------------------------------------------------------------

async function open(page) {
  await signIn(page, "officer");
  await page.goto(EVENT);
}

async function signInOn(page, demo) {
  await page.goto("/sign-in");
  await page.getByLabel("E-mail").fill(demo.people.officer.email);
  await page.getByLabel("Password").fill(demo.people.officer.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("link", { name: /Central Asia plus Japan/ }).first().waitFor();
}

function slot(page, words) {
  return page.locator(".slot[data-slot]").filter({ hasText: words }).first();
}

function timeOf(page, words) {
  return slot(page, words).locator(".slot-time").innerText();
}

function roomOf(page, words) {
  return slot(page, words).evaluate((item) => item.parentElement.dataset.room);
}

async function boxOf(page, words) {
  await slot(page, words).scrollIntoViewIfNeeded();
  return slot(page, words).boundingBox();
}

/** The point of the window at which a room's column is at a time, scrolled into view. */
async function placeAt(page, room, clock) {
  return page.locator(`ol.timetable-track[data-room="${room}"]`).evaluate((track, clock) => {
    const view = track.closest(".timetable-scroll");
    const hours = [...view.querySelectorAll(".timetable-hour")];
    const topOf = (hour) => hour.getBoundingClientRect().top;
    const hour = hours.find((each) => each.textContent.trim().slice(0, 2) === clock.slice(0, 2));
    const at = () => topOf(hour) + (Number(clock.slice(3)) / 60) * (topOf(hours[1]) - topOf(hours[0]));
    const { top, bottom, height } = view.getBoundingClientRect();
    if (at() < top + 120 || at() > bottom - 120) view.scrollTop += at() - top - height / 2;
    const { left, width } = track.getBoundingClientRect();
    const x = left + width / 2;
    // What the page has just said may lie over the place, wherever the page was scrolled to before.
    const isFree = () => view.contains(document.elementFromPoint(x, at() + 3));
    if (at() < 60 || at() > innerHeight - 120 || !isFree()) scrollBy(0, at() - innerHeight / 2);
    return { x, y: at() };
  }, clock);
}

/** Lifts a slot and holds it so that its top is at a place. */
async function lift(page, words, room, clock) {
  const box = await boxOf(page, words);
  const grip = { x: box.x + 40, y: box.y + 12 };
  await page.mouse.move(grip.x, grip.y);
  await page.mouse.down();
  await page.mouse.move(grip.x + 8, grip.y, { steps: 2 });
  await page.locator(".slot-ghost").waitFor();
  for (let times = 0; times < 3; times += 1) {
    // The view may have scrolled along meanwhile.
    const place = await placeAt(page, room, clock);
    await page.mouse.move(place.x, place.y + 12, { steps: 3 });
  }
  await page.locator(".slot-ghost").filter({ hasText: clock }).waitFor();
}

async function dragSlot(page, words, room, clock) {
  await lift(page, words, room, clock);
  await page.mouse.up();
}

async function drag(page, from, to) {
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move((from.x + to.x) / 2, (from.y + to.y) / 2, { steps: 3 });
  await page.mouse.move(to.x, to.y, { steps: 3 });
  await page.locator(".slot-ghost").waitFor();
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  await page.mouse.up();
}

async function news(page, sentence) {
  await page.locator(".news").getByText(sentence).waitFor();
}

/** Waits until nothing moves any more. */
async function settled(page) {
  await page.waitForFunction(() => document.getAnimations().every((each) => each.playState !== "running"));
}

async function openSlot(page, words) {
  await page.goto(`${EVENT}?view=list`);
  await page.getByRole("link", { name: new RegExp(words) }).first().click();
}

async function stayHere(page) {
  await page.evaluate(() => (globalThis.stayed = true));
}

async function assertStayed(page) {
  assert.ok(await page.evaluate(() => globalThis.stayed), "the page was not loaded anew");
}

/** A phone whose screen can be touched. */
async function touchScreen(browser, demo) {
  const context = await browser.newContext({
    baseURL: demo.address,
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    isMobile: true,
  });
  const page = await context.newPage();
  const tools = await context.newCDPSession(page);
  const send = (type, x, y) =>
    tools.send("Input.dispatchTouchEvent", { type, touchPoints: type === "touchEnd" ? [] : [{ x, y }] });
  const start = async (item) => {
    await item.scrollIntoViewIfNeeded();
    const box = await item.boundingBox();
    const at = { x: box.x + 40, y: box.y + 14 };
    await send("touchStart", at.x, at.y);
    return at;
  };
  return {
    page,
    close: () => context.close(),
    /** Ends when the view is at rest: it scrolls on for a while after the finger has left. */
    async swipe(item, by) {
      const { x, y } = await start(item);
      const rest = page.evaluate(
        () => new Promise((done) => document.addEventListener("scrollend", () => done(), { capture: true, once: true })),
      );
      for (let step = 1; step <= 4; step += 1) await send("touchMove", x, y + (by * step) / 4);
      await send("touchEnd");
      await rest;
    },
    async carry(item, minutes) {
      const { x, y } = await start(item);
      await page.locator(".slot-lifted").waitFor();
      const row = await item.evaluate((each) => {
        const { rows } = each.closest(".timetable").dataset;
        return each.parentElement.getBoundingClientRect().height / Number(rows);
      });
      for (let step = 1; step <= 5; step += 1) await send("touchMove", x, y + (row * (minutes / 5) * step) / 5);
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      await send("touchEnd");
    },
  };
}
