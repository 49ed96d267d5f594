// A running demo and a real browser for scenarios that read like what a person does.

import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

const SCREENSHOTS = join(import.meta.dirname, "screenshots");
const START_MS = 60_000;
const STOP_MS = 10_000;
const STEP_MS = 10_000;

/** Which demo the pages of a browser context look at. */
const demos = new WeakMap();

/**
 * Starts `iikura demo` on a free port with a new database in a folder of its own.
 * Resolves when it has printed its address and its sign-ins to
 * `{ address, data, people: { officer: { email, password }, … }, stop(), restart() }`.
 */
export async function startDemo() {
  const program = process.env.IIKURA_BIN;
  if (!program) {
    throw new Error("IIKURA_BIN does not name the program: run these tests by tests/run");
  }
  const data = await mkdtemp(join(tmpdir(), "iikura-demo-"));
  let { server, ended } = start(program, ["demo", "--data", data, "--listen", "127.0.0.1:0"]);

  async function end() {
    if (server.exitCode === null && server.signalCode === null) {
      server.kill("SIGTERM");
      const inTime = await Promise.race([ended, later(STOP_MS)]);
      if (!inTime) server.kill("SIGKILL");
      await ended;
      return inTime !== undefined;
    }
    return true;
  }

  async function stop() {
    await end();
    await rm(data, { recursive: true, force: true });
  }

  let printed = "";
  let noted = "";
  server.stderr.setEncoding("utf8").on("data", (text) => (noted += text));
  const ready = new Promise((resolve) => {
    server.stdout.setEncoding("utf8").on("data", (text) => {
      printed += text;
      const demo = readAnnouncement(printed);
      if (demo) resolve(demo);
    });
  });
  const fault = Promise.race([ended, later(START_MS, `not ready after ${START_MS} ms`)]);
  const demo = await Promise.race([ready, fault]);
  if (typeof demo === "string") {
    await stop();
    throw new Error(`'iikura demo' is not serving: ${demo}\n${printed}${noted}`);
  }

  /** Ends the server, does something meanwhile, and serves the same database at the same address again. */
  async function restart(meanwhile) {
    if (!(await end())) throw new Error(`the server did not stop within ${STOP_MS} ms`);
    await meanwhile();
    const flags = ["--database-url", `sqlite:${join(data, "iikura.db")}`, "--outbox", join(data, "outbox")];
    ({ server, ended } = start(program, ["serve", "--listen", new URL(demo.address).host, ...flags]));
    server.stdout.resume();
    server.stderr.resume();
    const deadline = Date.now() + START_MS;
    while (!(await fetch(`${demo.address}/sign-in`).then((answer) => answer.ok, () => false))) {
      if (Date.now() > deadline) throw new Error("the server does not answer");
      await later(50);
    }
  }

  return { ...demo, data, stop, restart };
}

function start(program, flags) {
  const server = spawn(program, flags, { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise((resolve) => {
    server.once("exit", (code, signal) => resolve(`it ended with ${signal ?? code}`));
    server.once("error", (error) => resolve(error.message));
  });
  return { server, ended };
}

/** Reads what `iikura demo` prints: its address, and a line `ROLE E-MAIL PASSWORD` for each of the three roles. */
export function readAnnouncement(printed) {
  // The last line may still be on its way.
  const lines = printed.split("\n").slice(0, -1);
  const address = lines.map((line) => line.match(/https?:\/\/[^\s/]+/)?.[0]).find(Boolean);
  const people = {};
  for (const line of lines) {
    const [role, email, password, ...rest] = line.trim().split(/\s+/);
    if (password && email.includes("@") && rest.length === 0) {
      people[role.toLowerCase()] = { email, password };
    }
  }
  return address && Object.keys(people).length >= 3 ? { address, people } : undefined;
}

/** Starts Debian's Chromium, or the one that CHROMIUM names. */
export function startBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    chromiumSandbox: false, // it cannot be had as root
    args: [
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/**
 * Declares the scenarios of one file against one demo and one browser. Each gets a page with nobody signed in and
 * fails, too, when that page reported an error of a script or of the content security policy.
 *
 *     scenarios((scenario) => {
 *       scenario("the officer books a slot", async ({ page, demo }) => { … });
 *     });
 */
export function scenarios(declare) {
  let demo;
  let browser;
  before(async () => {
    demo = await startDemo();
    browser = await startBrowser();
  });
  after(async () => {
    await browser?.close();
    await demo?.stop();
  });

  declare((name, play) =>
    test(name, { timeout: 120_000 }, async () => {
      const context = await browser.newContext({
        baseURL: demo.address,
        locale: "en-GB",
        timezoneId: "Europe/Paris", // neither the server's nor the venue's: nothing may depend on it
        viewport: { width: 1280, height: 900 },
      });
      context.setDefaultTimeout(STEP_MS);
      demos.set(context, demo);
      const complaints = [];
      const page = await context.newPage();
      page.on("pageerror", (error) => complaints.push(error.message));
      page.on("console", (message) => {
        // A refused form is a 422 and shown as an error by the browser; the scenario judges it by its words.
        if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
          complaints.push(message.text());
        }
      });
      try {
        await play({ page, demo, context, browser });
      } catch (error) {
        await screenshot(page, `failed ${name}`).catch(() => {});
        throw error;
      } finally {
        await context.close();
      }
      if (complaints.length > 0) {
        throw new Error(`the browser complained:\n${complaints.join("\n")}`);
      }
    }),
  );
}

/** Fills the sign-in form and sends it. */
export async function sendSignIn(page, email, password) {
  await page.goto("/sign-in");
  const form = page.locator("form", { has: page.locator("input[name=password]") });
  await form.locator("input[name=email]").fill(email);
  await form.locator("input[name=password]").fill(password);
  await form.locator("button[type=submit], button:not([type])").click();
}

/** Signs in as one of the demo's people: `administrator`, `officer` or `observer`, and waits for the page behind. */
export async function signIn(page, role) {
  const { people } = demos.get(page.context());
  const person = people[role];
  if (!person) {
    throw new Error(`the demo has no ${role}, only ${Object.keys(people).join(", ")}`);
  }
  await sendSignIn(page, person.email, person.password);
  await page.waitForURL((url) => url.pathname !== "/sign-in");
}

/** Keeps a picture of the whole page in `screenshots/`, for people to look at. */
export async function screenshot(page, name) {
  await mkdir(SCREENSHOTS, { recursive: true });
  const file = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  await page.screenshot({ path: join(SCREENSHOTS, `${file}.png`), fullPage: true });
}

function later(milliseconds, value) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds, value).unref());
}
