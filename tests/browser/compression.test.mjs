// Compressed pages, read by a browser.

import assert from "node:assert/strict";

import { scenarios, signIn } from "./support.mjs";

scenarios((scenario) => {
  scenario("the timetable is the same in every coding", async ({ page }) => {
    await signIn(page, "officer");
    const pages = [];
    for (const coding of ["identity", "br", "zstd", "gzip"]) {
      await page.setExtraHTTPHeaders({ "accept-encoding": coding });
      const answer = await page.goto("/events/ca-jad-9");
      const sent = await answer.headerValue("content-encoding");
      assert.equal(sent, coding === "identity" ? null : coding);
      await page.getByRole("contentinfo").getByText("logistics of ministerial meetings").waitFor();
      await page.locator(".timetable .slot-link").first().waitFor();
      pages.push(await answer.text());
    }
    assert.equal(new Set(pages).size, 1);
  });

  scenario("a browser chooses for itself", async ({ page }) => {
    await signIn(page, "officer");
    const answer = await page.goto("/events/ca-jad-9");
    assert.match(await answer.headerValue("content-encoding"), /^(br|zstd|gzip)$/);
    assert.equal(await answer.headerValue("vary"), "accept-encoding");
  });
});
