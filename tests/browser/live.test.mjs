// Two officers at once: what one does, the other sees without reloading.

import assert from "node:assert/strict";

import { scenarios, screenshot, sendSignIn, signIn } from "./support.mjs";

const EVENT = "/events/ca-jad-9";

scenarios((scenario) => {
  scenario("a colleague's change appears within a second, and what is half typed stays", async ({ page, browser, demo }) => {
    await signIn(page, "officer");
    await page.goto(EVENT);
    await page.evaluate(() => (globalThis.stayed = true));
    await page.getByRole("link", { name: "Book a slot: Main Hall" }).click();
    await page.getByRole("dialog").getByLabel("Title").fill("Half a thought");
    const colleague = await colleagueOf(browser, demo);
    await moveTo(colleague, "Japan–Kazakhstan", "18:00", "18:25");
    const moved = Date.now();
    await page.locator(".slot-time").filter({ hasText: "18:00–18:25" }).waitFor({ state: "attached" });
    assert.ok(Date.now() - moved < 1_000, `seen after ${Date.now() - moved} ms`);
    assert.equal(await page.getByRole("dialog").getByLabel("Title").inputValue(), "Half a thought");
    assert.ok(await page.evaluate(() => globalThis.stayed), "the page was not loaded anew");
    assert.match(await page.locator(".page-header-note").innerText(), /revision 2/);
    await colleague.context().close();
  });

  scenario("a slot in the hand is not pulled away", async ({ page, browser, demo }) => {
    await signIn(page, "officer");
    await page.goto(EVENT);
    const slot = page.locator(".slot", { hasText: "Japan–Uzbekistan" });
    await slot.locator(".slot-link").focus();
    await page.keyboard.press("m");
    await page.keyboard.press("ArrowDown");
    const colleague = await colleagueOf(browser, demo);
    await moveTo(colleague, "Japan–Kazakhstan", "17:20", "17:45");
    await page.locator(".slot-ghost").filter({ hasText: "16:45–17:15" }).waitFor();
    assert.equal(await page.locator(".slot-time").filter({ hasText: "17:20–17:45" }).count(), 0, "not while it is moved");
    await page.keyboard.press("Escape");
    await page.locator(".slot-time").filter({ hasText: "17:20–17:45" }).waitFor();
    await colleague.context().close();
  });

  scenario("who has a slot's form open is shown, and the form says when the slot has changed", async ({ page, browser, demo }) => {
    const colleague = await colleagueOf(browser, demo);
    await open(colleague, "Japan–Tajikistan");
    await colleague.getByRole("link", { name: "Change", exact: true }).click();
    await colleague.getByLabel("Internal note").fill("Something half written");

    await signIn(page, "officer");
    await page.goto(EVENT);
    const slot = page.locator(".slot", { hasText: "Japan–Tajikistan" });
    await slot.getByText("Demo admin is editing").waitFor();
    await screenshot(page, "a colleague is editing");
    await open(page, "Japan–Tajikistan");
    await page.getByText("Demo admin is editing").waitFor();
    await page.getByLabel("Start").fill("19:00");
    await page.getByLabel("End").fill("19:40");
    await page.getByRole("button", { name: "Move slot" }).click();
    await page.getByRole("status").filter({ hasText: "moved" }).waitFor();

    await colleague.getByText("Demo officer has changed this slot since you opened it.").waitFor();
    assert.equal(await colleague.getByLabel("Internal note").inputValue(), "Something half written");
    await screenshot(colleague, "a slot changed under the form");
    await colleague.getByRole("link", { name: "See what changed" }).click();
    await colleague.getByText("19:00–19:40").first().waitFor();
    await page.getByText("Demo admin is editing").waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByText("The change is undone.").waitFor();
    await colleague.getByText("15:55–16:35").first().waitFor();
    await colleague.context().close();
  });

  scenario("a server that is gone is missed, and found again with what happened meanwhile", async ({ page, browser, demo }) => {
    await signIn(page, "officer");
    await page.goto(EVENT);
    const lost = page.getByRole("status").filter({ hasText: "Connection lost" });
    await demo.restart(() => lost.waitFor());
    await lost.waitFor({ state: "detached" });
    const colleague = await colleagueOf(browser, demo);
    await moveTo(colleague, "Japan–Kazakhstan", "19:00", "19:25");
    await page.locator(".slot-time").filter({ hasText: "19:00–19:25" }).waitFor();
    await moveTo(colleague, "Japan–Kazakhstan", "17:20", "17:45");
    await page.locator(".slot-time").filter({ hasText: "17:20–17:45" }).waitFor();
    await colleague.context().close();
  });

  scenario("a page says that its session has ended elsewhere", async ({ page }) => {
    await signIn(page, "officer");
    await page.goto(EVENT);
    const other = await page.context().newPage();
    await other.goto("/");
    await other.getByRole("button", { name: "Sign out" }).click();
    await page.getByText("Your session has ended, so this page no longer changes.").waitFor();
    await page.getByRole("link", { name: "Sign in again" }).click();
    await page.waitForURL(/sign-in/);
  });
});

async function colleagueOf(browser, demo) {
  const context = await browser.newContext({ baseURL: demo.address });
  const page = await context.newPage();
  await sendSignIn(page, demo.people.admin.email, demo.people.admin.password);
  await page.waitForURL((url) => url.pathname !== "/sign-in");
  return page;
}

async function open(page, words) {
  await page.goto(`${EVENT}?view=list`);
  await page.getByRole("link", { name: new RegExp(words) }).first().click();
  await page.getByRole("heading", { level: 1, name: words }).waitFor();
}

async function moveTo(page, words, start, end) {
  await open(page, words);
  await page.getByLabel("Start").fill(start);
  await page.getByLabel("End").fill(end);
  await page.getByRole("button", { name: "Move slot" }).click();
  await page.getByText("The slot is moved.").waitFor();
}
