import assert from "node:assert/strict";

import { scenarios, screenshot, sendSignIn, signIn } from "./support.mjs";

scenarios((scenario) => {
  scenario("a stranger is asked for e-mail and password", async ({ page }) => {
    await page.goto("/");
    assert.equal(new URL(page.url()).pathname, "/sign-in");
    await page.getByRole("heading", { level: 1 }).waitFor();
    for (const [name, type] of [["email", "email"], ["password", "password"]]) {
      const field = page.locator(`input[name=${name}]`);
      assert.equal(await field.getAttribute("type"), type);
      assert.ok(await field.evaluate((input) => input.labels.length > 0), `${name} has a label`);
    }
    await screenshot(page, "sign-in");
  });

  scenario("a wrong password is refused in words, and the address stays typed", async ({ page, demo }) => {
    const { email } = demo.people.officer;
    await sendSignIn(page, email, "not the password");
    const alert = page.getByRole("alert").first();
    await alert.waitFor();
    assert.match(await alert.innerText(), /password/i);
    assert.equal(await page.locator("input[name=email]").inputValue(), email);
    assert.equal(await page.locator("input[name=password]").inputValue(), "");
    await screenshot(page, "sign-in refused");
  });

  scenario("the officer signs in and lands on the events", async ({ page }) => {
    await signIn(page, "officer");
    assert.equal(new URL(page.url()).pathname, "/");
    assert.ok((await page.locator("a[href^='/events/']").count()) > 0, "an event is listed");
    await screenshot(page, "events");
  });

  scenario("after signing out, Back shows nothing and nothing is kept", async ({ page, context }) => {
    await signIn(page, "officer");
    const event = await page.locator("a[href^='/events/']").first().getAttribute("href");
    for (const path of [event, `${event}?view=list`, `${event}/delegations`, "/account"]) {
      const answer = await page.goto(path);
      assert.equal(answer.status(), 200, path);
    }
    await page.goto(event);
    const kept = () => page.evaluate(() => [localStorage.length, sessionStorage.length]);
    assert.deepEqual(await kept(), [0, 0], "nothing of the programme outlives the page");
    const shown = await page.locator("main").innerText();
    assert.match(shown, /Kazakhstan/);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL("**/sign-in*");
    for (let step = 0; step < 3; step += 1) {
      await page.goBack();
      await page.waitForURL("**/sign-in*");
      assert.doesNotMatch(await page.locator("body").innerText(), /Kazakhstan/);
    }
    assert.deepEqual(await kept(), [0, 0]);
    const databases = await page.evaluate(async () => [await caches.keys(), await indexedDB.databases()]);
    assert.deepEqual(databases, [[], []]);
    // The cookie of a browser that the account knows opens nothing by itself.
    const names = (await context.cookies()).map((cookie) => cookie.name);
    assert.ok(!names.includes("__Host-iikura"), names.join());
  });
});
