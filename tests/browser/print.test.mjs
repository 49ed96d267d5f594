// The timetable on paper, and what is to be seen at a slot: time and title never give way.

import assert from "node:assert/strict";

import { scenarios, signIn } from "./support.mjs";

const EVENT = "/events/ca-jad-9";
/** What a sheet of A4 has within margins of 15 mm, in CSS pixels. */
const SHEETS = { upright: { width: 680, height: 1009 }, across: { width: 1009, height: 680 } };

/** Titles and times that are not whole within their slot. */
function cut() {
  // The box of a line of text is higher than the line where the fonts have Japanese signs.
  const whole = (outer, inner, spill) =>
    inner.top >= outer.top - 1.5 - spill && inner.bottom <= outer.bottom + 1.5 + spill && inner.right <= outer.right + 1.5;
  const texts = [...document.querySelectorAll(".slot :is(.slot-time, .slot-title)")];
  return texts
    .filter((text) => {
      const slot = text.closest(".slot").getBoundingClientRect();
      const height = parseFloat(getComputedStyle(text).lineHeight);
      return ![...text.getClientRects()].every((line) => whole(slot, line, Math.max(0, (line.height - height) / 2)));
    })
    .map((text) => text.textContent);
}

scenarios((scenario) => {
  for (const [name, viewport] of Object.entries(SHEETS)) {
    for (const view of ["rooms", "delegations"]) {
      scenario(`a day by ${view} is one page ${name}, with whole titles and no ring`, async ({ page }) => {
        await signIn(page, "officer");
        await page.goto(`${EVENT}?view=${view}`);
        await page.setViewportSize(viewport);
        await page.locator(".slot-link").first().focus();
        await page.keyboard.press("Tab");
        await page.emulateMedia({ media: "print" });
        const bottom = await page.evaluate(() => document.querySelector(".timetable").getBoundingClientRect().bottom + scrollY);
        assert.ok(bottom <= viewport.height, `${bottom}`);
        assert.deepEqual(await page.evaluate(cut), []);
        const rings = await page.evaluate(() =>
          [document.activeElement, document.activeElement.closest(".slot")]
            .filter(Boolean)
            .map((element) => getComputedStyle(element))
            .filter((style) => style.outlineStyle !== "none" || style.boxShadow !== "none"),
        );
        assert.equal(rings.length, 0);
      });
    }
  }

  scenario("marks take what a slot's time and title leave", async ({ page }) => {
    await signIn(page, "officer");
    for (const [start, end, room, title] of [
      ["18:30", "19:00", "hall", "Before"],
      ["19:30", "20:00", "hall", "After"],
      ["19:00", "19:30", "dining", "Between the two"],
    ]) {
      await page.goto(`${EVENT}/slots/new?day=2022-12-24&room=${room}`);
      await page.getByLabel("Kind").selectOption("other");
      await page.getByLabel("Title").fill(title);
      await page.getByLabel("Start").fill(start);
      await page.getByLabel("End").fill(end);
      await page.getByLabel("Interpretation is wanted").uncheck();
      for (const code of ["JP", "KZ"]) await page.locator(`input[name="delegations"][value="${code}"]`).check();
      await page.getByRole("button", { name: "Book slot" }).click();
      if (room === "dining") {
        await page.locator('[name="reason-transfer"]').fill("They go together");
        await page.getByRole("button", { name: "Save with this reason" }).click();
      }
      await page.getByRole("status").filter({ hasText: "booked" }).waitFor();
    }
    await page.goto(EVENT);
    const slot = page.locator(".slot", { hasText: "Between the two" });
    assert.match(await slot.locator(".slot-mark").innerText(), /× 2$/, "one rule, once; what is between two slots is counted at the later one");
    for (const zoom of ["5 min", "15 min", "30 min"]) {
      await page.getByRole("button", { name: zoom, exact: true }).click();
      await page.locator(`[aria-pressed="true"]`, { hasText: zoom }).waitFor();
      const texts = (await page.evaluate(cut)).filter((text) => /Between|19:00–19:30/.test(text));
      assert.deepEqual(texts, [], zoom);
    }
  });
});
