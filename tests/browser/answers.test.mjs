// A liaison answers by the link in a letter, and the officer sees it at once.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { scenarios, screenshot, signIn } from "./support.mjs";

const EVENT = "/events/ca-jad-9";

scenarios((scenario) => {
  for (const [device, options] of [["a computer", {}], ["a phone without scripts", { viewport: { width: 390, height: 844 }, javaScriptEnabled: false }]]) {
    scenario(`a liaison declines on ${device}, says why, and the officer sees it without reloading`, async ({ page, browser, demo }) => {
      await signIn(page, "officer");
      await openSlot(page, "Japan–Kazakhstan");
      const confirm = page.getByRole("button", { name: "Confirm and notify" });
      if (await confirm.isVisible()) {
        await confirm.click();
        await page.getByText("its delegations are notified").waitFor();
      }
      await page.goto(EVENT);

      const context = await browser.newContext({ baseURL: demo.address, ...options });
      const liaison = await context.newPage();
      const link = await answerLink(demo, "kz@delegations.example");
      const referers = [];
      // A request that the end of the page cuts off was never sent whole.
      const cutOff = () => {};
      liaison.on("request", (request) => request.allHeaders().then((headers) => referers.push(headers.referer), cutOff));
      await liaison.goto(link);
      assert.equal(await liaison.getByText("17:20").count(), 0, "nothing is shown before the button is pressed");
      await liaison.getByRole("button", { name: "Answer for this meeting" }).click();
      await liaison.waitForURL(/\/schedule\/ca-jad-9\/KZ\/slots\/\d+\?sequence=\d+$/);
      await liaison.getByText("17:20–17:45 (JST, UTC+9)").waitFor();
      await liaison.getByText("14:20–14:45 (Almaty, UTC+6)").waitFor();
      await liaison.getByLabel("Comment for the protocol office").fill(`The minister leaves at five (${device}).`);
      await liaison.getByRole("button", { name: "We will not be there" }).click();
      await liaison.getByText("Thank you.").waitFor();
      await screenshot(liaison, `a liaison has declined on ${device}`);

      await page.getByRole("heading", { name: "Declined" }).waitFor();
      await page.getByText(`The minister leaves at five (${device}).`).waitFor();
      await screenshot(page, "a delegation has declined");

      await liaison.getByLabel("Comment for the protocol office").fill("");
      await liaison.getByRole("button", { name: "We will be there" }).click();
      await liaison.getByText("Accepted").waitFor();
      await page.getByRole("heading", { name: "Declined" }).waitFor({ state: "detached" });

      // Coming back from webmail, which is another site, the browser is known: the button is pressed once.
      await liaison.goto(`data:text/html,${encodeURIComponent(`<a href="${link}">Please answer here</a>`)}`);
      await liaison.getByRole("link", { name: "Please answer here" }).click();
      await liaison.getByRole("heading", { name: "Have you changed your mind?" }).waitFor();
      await liaison.getByRole("link", { name: "The whole schedule" }).click();
      await liaison.getByRole("heading", { name: "Schedule of Kazakhstan" }).waitFor();
      await screenshot(liaison, `a delegation's schedule on ${device}`);
      await liaison.getByRole("button", { name: "Close in this browser" }).click();
      await liaison.getByRole("heading", { name: "Closed in this browser" }).waitFor();
      await liaison.goto(link);
      await liaison.getByRole("button", { name: "Answer for this meeting" }).waitFor();
      assert.deepEqual(referers.filter(Boolean), [], "no page tells another where its reader comes from");
      await context.close();
    });
  }
});

async function openSlot(page, words) {
  await page.goto(`${EVENT}?view=list`);
  await page.getByRole("link", { name: new RegExp(words) }).first().click();
  await page.getByRole("heading", { level: 1, name: words }).waitFor();
}

/** The link to answer by, from the mail in the outbox's folder, once it is there. */
async function answerLink(demo, recipient) {
  const folder = join(demo.data, "outbox");
  for (let tries = 0; tries < 200; tries += 1) {
    for (const file of await readdir(folder).catch(() => [])) {
      const mail = (await readFile(join(folder, file), "latin1")).replaceAll("=\r\n", "");
      const link = mail.match(/Please answer here[^]*?(http:\S+\/d\/[\w-]+)/);
      if (mail.includes(`<${recipient}>`) && link) return link[1];
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return assert.fail(`no mail to ${recipient} has a link to answer by`);
}
