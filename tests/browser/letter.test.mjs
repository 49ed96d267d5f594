// The letter to a delegation as a mail program shows it: on a phone and on a desk, light and dark, without pictures.

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import PostalMime from "postal-mime";

import { scenarios, screenshot, signIn } from "./support.mjs";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

scenarios((scenario) => {
  scenario("a letter is readable wherever it is read", async ({ page, demo, browser }) => {
    await signIn(page, "officer");
    await page.goto("/events/ca-jad-9?view=list");
    await page.getByRole("link", { name: /Japan–Kazakhstan/ }).first().click();
    await page.getByRole("button", { name: "Confirm and notify" }).click();
    await page.getByText("Confirmed").first().waitFor();
    const html = await letterTo(demo, "kz@delegations.example");
    assert.doesNotMatch(html, /<img|url\(|<link|<script|@import/, "nothing is fetched, nothing runs");

    const colours = new Set();
    for (const colorScheme of ["light", "dark"]) {
      for (const width of [320, 1280]) {
        const context = await browser.newContext({ colorScheme, viewport: { width, height: 800 } });
        const mail = await context.newPage();
        const asked = [];
        mail.on("request", (request) => asked.push(request.url()));
        await mail.setContent(html);
        assert.deepEqual(asked, []);
        const overflow = await mail.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        assert.ok(overflow <= 0, `${overflow} px too wide at ${width}`);
        colours.add(await mail.evaluate(() => getComputedStyle(document.body).backgroundColor));
        await mail.evaluate(axe);
        const found = await mail.evaluate(() => window.axe.run());
        assert.deepEqual(
          found.violations.map((fault) => `${fault.id}: ${fault.nodes[0].html}`),
          [],
          `${colorScheme}, ${width} px`,
        );
        await screenshot(mail, `letter ${colorScheme} ${width}`);
        await context.close();
      }
    }
    assert.equal(colours.size, 2, "dark is another look");
  });
});

/** The HTML of the letter to an address, once it lies in the outbox's folder. */
async function letterTo(demo, recipient) {
  const folder = join(demo.data, "outbox");
  for (let tries = 0; tries < 100; tries += 1) {
    for (const file of await readdir(folder).catch(() => [])) {
      if (!file.endsWith(".eml")) continue;
      const mail = await PostalMime.parse(await readFile(join(folder, file)));
      if (mail.to?.[0]?.address === recipient) return mail.html;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return assert.fail(`no mail to ${recipient}`);
}
