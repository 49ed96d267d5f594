// The officer's day on the real data: the ninth meeting, 24 December 2022.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import ICAL from "ical.js";
import PostalMime from "postal-mime";

import { scenarios, screenshot, signIn } from "./support.mjs";

const EVENT = "/events/ca-jad-9";
const GUESTS = ["Kyrgyz", "Turkmenistan", "Tajikistan", "Uzbekistan", "Kazakhstan"];

scenarios((scenario) => {
  scenario("the officer is refused, takes an alternative, confirms, moves and cancels", async ({ page, demo }) => {
    await signIn(page, "officer");
    await page.getByRole("link", { name: /Central Asia plus Japan/ }).first().click();
    await page.getByRole("heading", { level: 1, name: "Saturday, 24 December 2022" }).waitFor();
    assert.equal(await page.locator(".slot").count(), 9);
    await screenshot(page, "timetable");

    const booked = await bookKazakhstan(page);
    assert.notEqual(booked, "15:30–16:00");

    for (const guest of GUESTS) {
      await openBilateral(page, guest);
      await page.getByRole("button", { name: "Confirm and notify" }).click();
      await page.getByRole("status").filter({ hasText: "confirmed" }).waitFor();
    }
    // The host's desk and the guest's, for each of the five.
    const first = await mails(demo, 10);
    assert.deepEqual(
      first.map((mail) => mail.to).sort(),
      [...Array(5).fill("protocol"), "kg", "kz", "tj", "tm", "uz"].map((desk) => `${desk}@delegations.example`).sort(),
    );
    for (const mail of first) {
      assert.equal(mail.method, "REQUEST");
      assert.equal(mail.sequence, 0);
      assert.equal(mail.attendee, `mailto:${mail.to}`);
      assert.match(mail.text, /24 December 2022/);
    }
    assertSecret(first);

    await moveUzbekistan(page);
    const moved = (await mails(demo, 12)).filter((mail) => mail.sequence === 1);
    assert.deepEqual(moved.map((mail) => mail.to).sort(), ["protocol@delegations.example", "uz@delegations.example"]);
    for (const mail of moved) {
      const before = first.find((other) => other.uid === mail.uid && other.to === mail.to);
      assert.equal(mail.method, "REQUEST");
      assert.equal(mail.start, "2022-12-24T07:50:00Z");
      assert.equal(before.start, "2022-12-24T07:40:00Z");
      assert.match(mail.text, /16:40.*→.*16:50/s);
      assert.match(mail.html, /16:40.*→.*16:50/s);
      assert.ok(mail.references.includes(before.messageId), "the update follows the first mail");
    }

    await page.getByRole("button", { name: "Cancel slot" }).click();
    await page.getByRole("status").filter({ hasText: "cancelled" }).waitFor();
    const off = (await mails(demo, 14)).filter((mail) => mail.method === "CANCEL");
    assert.deepEqual(off.map((mail) => mail.to).sort(), ["protocol@delegations.example", "uz@delegations.example"]);
    for (const mail of off) {
      assert.ok(mail.sequence > 1, "CANCEL is above the last REQUEST");
      assert.ok(moved.some((update) => update.uid === mail.uid), "CANCEL names what it takes out");
    }
    await screenshot(page, "slot cancelled");

    await page.goto("/mail");
    assert.ok((await page.getByText("Sent").count()) >= 14, "every mail stands in the outbox");
    await screenshot(page, "outbox");
  });
});

/** Tries Kazakhstan at 15:30, is refused with both reasons, and takes the first alternative; returns its time. */
async function bookKazakhstan(page) {
  await page.goto(EVENT);
  await page.getByRole("link", { name: "Book a slot", exact: true }).click();
  await page.getByLabel("Title").fill("Japan–Kazakhstan second meeting");
  await page.getByLabel("Start").fill("15:30");
  await page.getByLabel("End").fill("16:00");
  await page.getByLabel("Room", { exact: true }).selectOption("salon");
  await page.getByRole("group", { name: "Delegations" }).getByLabel("Kazakhstan").check();
  await page.getByRole("button", { name: "Book slot" }).click();

  const refusal = page.getByRole("alert").filter({ hasText: "cannot be booked" });
  await refusal.waitFor();
  const words = await refusal.innerText();
  assert.match(words, /Japan is in “Japan–Turkmenistan Foreign Ministers' Meeting”.*until 15:45/);
  assert.match(words, /Japan is in “Japan–Tajikistan Foreign Ministers' Meeting”.*from 15:55/);
  assert.equal(await page.getByLabel("Title").inputValue(), "Japan–Kazakhstan second meeting");
  const offers = refusal.getByRole("button");
  const count = await offers.count();
  assert.ok(count >= 1 && count <= 5, `${count} alternatives`);
  await screenshot(page, "refused with alternatives");

  const label = await offers.first().innerText();
  await offers.first().click();
  await page.getByRole("status").filter({ hasText: "booked" }).waitFor();
  const time = label.match(/\d\d:\d\d–\d\d:\d\d/)[0];
  assert.ok((await page.locator("main").innerText()).includes(time), `booked at ${time}`);
  return time;
}

async function openBilateral(page, guest) {
  await page.goto(`${EVENT}?view=list`);
  await page.getByRole("link", { name: `Japan–${guest} Foreign Ministers' Meeting` }).first().click();
  await page.getByRole("heading", { level: 1, name: guest }).waitFor();
}

/** Uzbekistan begins ten minutes later, which takes the room its turnaround: that needs a reason. */
async function moveUzbekistan(page) {
  await openBilateral(page, "Uzbekistan");
  const move = page.locator("form[action$='/placement']");
  await move.getByLabel("Start").fill("16:50");
  await move.getByLabel("End").fill("17:20");
  await move.getByLabel("Notify now").check();
  await move.getByRole("button", { name: "Move slot" }).click();

  const refusal = page.getByRole("alert").filter({ hasText: "needs a reason" });
  await refusal.waitFor();
  assert.match(await refusal.innerText(), /Conference Room needs 5 minutes between slots; there are 0 minutes/);
  assert.equal(await page.getByLabel("Start").inputValue(), "16:50");
  assert.ok(await page.getByLabel("Notify now").isChecked());
  await screenshot(page, "needs a reason");
  await page.getByLabel("Reason: Turnaround of the room").fill("The room stays as it is between the two");
  await page.getByRole("button", { name: "Save changes" }).click();
  await page.getByRole("status").filter({ hasText: "saved" }).waitFor();
}

/** Waits until the outbox folder holds `count` mails, and reads them. */
async function mails(demo, count) {
  const folder = join(demo.data, "outbox");
  const deadline = Date.now() + 30_000;
  let names = [];
  while (names.length < count) {
    if (Date.now() > deadline) throw new Error(`${names.length} mails in ${folder}, not ${count}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    names = await readdir(folder).then((all) => all.filter((name) => name.endsWith(".eml"))).catch(() => []);
  }
  assert.equal(names.length, count);
  return Promise.all(names.map(async (name) => readMail(await readFile(join(folder, name)))));
}

async function readMail(bytes) {
  const mail = await PostalMime.parse(bytes);
  const calendar = mail.attachments.find((part) => part.mimeType === "application/ics");
  const source = new TextDecoder().decode(calendar.content);
  const root = new ICAL.Component(ICAL.parse(source));
  const events = root.getAllSubcomponents("vevent");
  assert.equal(events.length, 1);
  const [event] = events;
  const attendees = event.getAllProperties("attendee");
  assert.equal(attendees.length, 1);
  const raw = bytes.toString("latin1");
  assert.match(raw, new RegExp(`text/calendar; ?method=${root.getFirstPropertyValue("method")}`));
  return {
    to: mail.to[0].address,
    text: mail.text,
    html: mail.html,
    messageId: mail.messageId,
    references: mail.references ?? "",
    method: root.getFirstPropertyValue("method"),
    uid: event.getFirstPropertyValue("uid"),
    sequence: event.getFirstPropertyValue("sequence"),
    attendee: attendees[0].getFirstValue(),
    start: event.getFirstPropertyValue("dtstart").toString(),
    whole: raw,
  };
}

/** No guest's mail names another guest's bilateral. */
function assertSecret(all) {
  const names = { kg: "Kyrgyz", tm: "Turkmenistan", tj: "Tajikistan", uz: "Uzbekistan", kz: "Kazakhstan" };
  for (const [desk, own] of Object.entries(names)) {
    for (const mail of all.filter((each) => each.to.startsWith(`${desk}@`))) {
      for (const other of Object.values(names).filter((name) => name !== own)) {
        for (const part of [mail.text, mail.html, mail.whole]) {
          assert.ok(!part.includes(`Japan–${other}`), `${desk} reads of ${other}`);
        }
      }
    }
  }
}
