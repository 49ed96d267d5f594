// Every kind of page, looked at by axe-core (WCAG 2.2 A and AA; light, dark and forced colours; desktop and phone) and
// read by html-validate, once: its source is the same in every light.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { readFile } from "node:fs/promises";
import { HtmlValidate } from "html-validate";

import { scenarios, signIn } from "./support.mjs";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const html = new HtmlValidate({
  extends: ["html-validate:standard"],
  rules: {
    // Matters of taste, or of what browsers do today rather than of the standard.
    "no-trailing-whitespace": "off",
    "long-title": "off",
    "no-implicit-button-type": "off",
  },
});
const EVENT = "/events/ca-jad-9";
const PAGES = [
  "/",
  EVENT,
  `${EVENT}?view=delegations`,
  `${EVENT}?view=list`,
  `${EVENT}/slots/new`,
  `${EVENT}/free-slots`,
  `${EVENT}/free-slots?delegations=JP&delegations=KZ&minutes=30&room=-any&day=2022-12-24&kind=bilateral`,
  `${EVENT}/delegations`,
  `${EVENT}/delegations/KZ`,
  `${EVENT}/rooms`,
  `${EVENT}/rooms/hall`,
  `${EVENT}/interpreters`,
  `${EVENT}/notices`,
  `${EVENT}/final-schedules`,
  `${EVENT}/answers`,
  `${EVENT}/matrix`,
  `${EVENT}/matrix?pairs=all`,
  `${EVENT}/changes`,
  `${EVENT}/changes?since=0`,
  `${EVENT}/slots?q=japan`,
  `${EVENT}/delegations/JP/day`,
  `${EVENT}/rooms/conference/day`,
  `${EVENT}/interpreters/new`,
  `${EVENT}/interpreters/ru-1`,
  `${EVENT}/interpreters/ru-1/edit`,
  `${EVENT}/interpreters/ru-1/removal`,
  `${EVENT}/agenda`,
  `${EVENT}/agenda.html?delegation=KZ`,
  `${EVENT}/history`,
  `${EVENT}/settings`,
  "/events/new",
  "/mail",
  "/mail/health",
  "/users",
  "/users/new",
  "/account",
  "/account/tokens/new",
  "/api",
  "/audit",
  "/help",
  ...["booking", "rules", "mail", "security", "configuration", "operations", "command-line", "api", "event-file"]
    .map((topic) => `/help/${topic}`),
  "/nowhere",
];

scenarios((scenario) => {
  // On the phone first: whoever is signed in nowhere else has a list of sessions with nothing to press in it.
  for (const [colours, width] of [["light", 390], ["light", 1280], ["dark", 1280], ["forced", 1280]]) {
    scenario(`nothing stands in anybody's way: ${colours}, ${width} px`, async ({ page }) => {
      await page.emulateMedia(colours === "forced" ? { forcedColors: "active" } : { colorScheme: colours });
      if (colours === "light" && width === 1280) keepSource(page);
      // Other colours change nothing but what can be made out.
      rules.set(page, colours === "light" ? RULES : ["color-contrast"]);
      await page.setViewportSize({ width, height: 900 });
      await page.goto("/sign-in");
      await look(page, "/sign-in");
      await signIn(page, "admin");
      for (const path of PAGES) {
        await page.goto(path);
        await look(page, path);
      }
      await page.goto(`${EVENT}?view=list`);
      await page.getByRole("link", { name: /Japan–Kazakhstan/ }).first().click();
      await look(page, "a slot");
      const confirm = page.getByRole("button", { name: "Confirm and notify" });
      if (await confirm.isVisible()) {
        await page.getByRole("link", { name: "Show letters first" }).click();
        await look(page, "letters before a confirmation");
        await confirm.click();
        await page.getByRole("status").filter({ hasText: "confirmed" }).waitFor();
      }
      // Never where the delegations know it to be: then there is something to tell.
      if ((await page.getByLabel("Start").inputValue()) === "17:25") await move(page, "17:30", "17:55");
      else await move(page, "17:25", "17:50");
      await page.goto(`${EVENT}/notices`);
      await look(page, "notices");
      await page.getByRole("link", { name: /Preview letter/ }).first().click();
      await look(page, "a letter before it goes out");
      await page.goto(`${EVENT}/delegations/KZ`);
      const link = await page.locator("a[href*='/d/']").getAttribute("href");
      await page.goto(link);
      await look(page, "the button of a private link");
      await page.getByRole("button", { name: "Open the schedule" }).click();
      await page.waitForURL("**/schedule/ca-jad-9/KZ");
      await look(page, "a delegation's private page");
      await page.locator("a", { hasText: /nswer/ }).first().click();
      await look(page, "a slot to answer");
      await page.getByRole("button", { name: "We do not know yet" }).click();
      await page.getByText("Thank you.").waitFor();
      await look(page, "an answer");
      await page.goto(link.slice(0, -2));
      await look(page, "an invalid link");
      await page.goto("/schedule/ca-jad-9/UZ");
      await look(page, "a page that is not open in this browser");

      await page.goto(`${EVENT}?view=list`);
      await page.getByRole("link", { name: /Japan–Kazakhstan/ }).first().click();
      await page.getByText("Record an answer").click();
      await lookAt(page, "the form for an answer by telephone");
      await page.getByRole("button", { name: "Record answer" }).click();
      await look(page, "an answer that says nothing");
      await page.getByRole("link", { name: "Change", exact: true }).click();
      await page.getByLabel("Title").fill("");
      await page.getByLabel("Start").fill("noon");
      await page.getByRole("button", { name: "Save changes" }).click();
      await look(page, "a refused form");
      await page.getByLabel("Title").fill("Meeting");
      await page.getByLabel("Start").fill("17:05");
      await page.getByRole("button", { name: "Save changes" }).click();
      await look(page, "a conflict");

      await page.goto(EVENT);
      await page.getByRole("link", { name: "Book a slot: Main Hall" }).click();
      const sheet = page.getByRole("dialog");
      await sheet.getByLabel("Title").waitFor();
      await lookAt(page, "the form over the timetable");
      await sheet.getByLabel("Title").fill("Meeting");
      await sheet.getByLabel("Start").fill("15:00");
      await sheet.getByLabel("End").fill("15:30");
      await sheet.getByRole("button", { name: "Book slot" }).click();
      await sheet.getByRole("heading", { name: "This cannot be booked" }).waitFor();
      await lookAt(page, "a conflict over the timetable");
      await page.keyboard.press("Escape");
      await page.locator(".slot-link").first().focus();
      await page.keyboard.press("m");
      await page.keyboard.press("ArrowDown");
      await page.locator(".timetable-refused").first().waitFor({ state: "attached" });
      await lookAt(page, "a slot on its way");
      await page.keyboard.press("Enter");
      await page.locator(".news .banner, dialog[open]").first().waitFor();
      if (await sheet.isVisible()) await page.keyboard.press("Escape");
      else await page.getByRole("button", { name: "Undo" }).click();
    });
  }
});

/** The source of the page shown, as the server sent it, where it is read. */
const sources = new WeakMap();
/** What is looked for on a page. */
const rules = new WeakMap();

function keepSource(page) {
  page.on("response", (response) => {
    const shown = response.request().isNavigationRequest() && response.status() !== 303;
    if (!shown) return;
    const source = response.text();
    // A page that is left before it is looked at may take its source with it.
    source.catch(() => {});
    sources.set(page, source);
  });
}

async function move(page, start, end) {
  await page.getByLabel("Start").fill(start);
  await page.getByLabel("End").fill(end);
  await page.getByRole("button", { name: "Move slot" }).click();
  await page.getByRole("status").filter({ hasText: "moved" }).waitFor();
}

async function look(page, what) {
  if (sources.has(page)) await read(page, what);
  await lookAt(page, what);
}

async function read(page, what) {
  const report = html.validateStringSync(await sources.get(page));
  const faults = report.results.flatMap(({ messages }) =>
    messages.map((each) => `${each.line}:${each.column} ${each.ruleId}: ${each.message}`),
  );
  assert.deepEqual(faults, [], `the source of ${what}`);
}

async function lookAt(page, what) {
  // In the page's own world no script of ours would pass its policy; the browser's tools may look all the same.
  const session = await page.context().newCDPSession(page);
  const { frameTree } = await session.send("Page.getFrameTree");
  const { executionContextId } = await session.send("Page.createIsolatedWorld", { frameId: frameTree.frame.id });
  const evaluate = async (expression) => {
    const answer = await session.send("Runtime.evaluate", {
      expression,
      contextId: executionContextId,
      awaitPromise: true,
      returnByValue: true,
    });
    assert.ok(!answer.exceptionDetails, JSON.stringify(answer.exceptionDetails));
    return answer.result.value;
  };
  await evaluate(`${axe}; null`);
  const found = await evaluate(
    `axe.run(document, ${JSON.stringify({ runOnly: rules.get(page) })}).then((result) => result.violations.map((each) =>
      each.id + ": " + each.help + " – " + each.nodes.map((node) => node.target.join(" ")).join(", ")))`,
  );
  assert.deepEqual(found, [], what);
  const overflow = await evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
  assert.ok(overflow <= 0, `${what} is ${overflow} px wider than the window`);
  await session.detach();
}
