// A sheet over the page: our own pages in a dialog, with their forms at work, until one reports that it is done.

import { ask, fieldsOf } from "./ask.js";
import { complain, message, report } from "./news.js";
import { refresh } from "./refresh.js";

const sheet = document.createElement("dialog");
const body = document.createElement("div");
let settle = () => {};

sheet.className = "sheet";
body.className = "sheet-body";
sheet.append(closeButton(), body);
document.body.append(sheet);
sheet.addEventListener("submit", send);
message.addEventListener("submit", send); // the button that undoes
sheet.addEventListener("click", leave);
sheet.addEventListener("close", () => {
  body.replaceChildren();
  settle(false);
});

/**
 * Goes on from an answer of the server. One that reports a change is reported here and the page refreshed; any other
 * is shown in the sheet, whose forms lead on to the next answer.
 * Resolves to true when a change was made, to false when the sheet was left without one.
 */
export async function follow(answer) {
  const banner = answer.page.querySelector("[data-done]");
  if (banner) {
    await done(banner);
    return true;
  }
  show(answer.page);
  return new Promise((resolve) => {
    settle(false);
    settle = resolve;
  });
}

async function done(banner) {
  // What the message says is then already to be seen.
  await refresh().catch(complain);
  report(banner);
  const settled = settle;
  settle = () => {};
  if (sheet.open) sheet.close();
  settled(true);
  focusOn(banner);
}

/** The slot that a banner is about gets the focus, if the page shows it. */
function focusOn(banner) {
  const id = banner.querySelector("form")?.getAttribute("action").match(/^\/slots\/(\d+)\//)?.[1];
  document.querySelector(`.slot[data-slot="${id}"] .slot-link`)?.focus({ preventScroll: true });
}

function show(page) {
  const main = page.querySelector("main");
  body.replaceChildren(...[...main.childNodes].map((node) => document.adoptNode(node)));
  const heading = body.querySelector("h1");
  if (heading) {
    heading.id = "sheet-title";
    sheet.setAttribute("aria-labelledby", "sheet-title");
  }
  if (!sheet.open) sheet.showModal();
  sheet.scrollTop = 0;
  const first = body.querySelector('.error-summary, .banner-error, [name^="reason-"]');
  const field = body.querySelector("form :is(input:not([type=hidden]), select, textarea)");
  const target = first ?? field ?? heading;
  if (target && !target.matches("input, select, textarea, button, a")) target.tabIndex = -1;
  target?.focus();
}

async function send(event) {
  const form = event.target;
  if (form.getAttribute("method") !== "post") return;
  // A button with an address of its own goes there.
  if (event.submitter?.hasAttribute("formaction")) return;
  event.preventDefault();
  try {
    const answer = await ask("POST", form.getAttribute("action"), fieldsOf(form, event.submitter));
    const banner = answer.page.querySelector("[data-done]");
    if (banner) await done(banner);
    else show(answer.page);
  } catch (error) {
    complain(error);
    sheet.close();
  }
}

/** A link that leaves the form as it is only closes the sheet. */
function leave(event) {
  if (event.target.closest("a[data-leave]")) {
    event.preventDefault();
    sheet.close();
  }
}

function closeButton() {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button button-text button-small sheet-close";
  button.textContent = "Close";
  button.addEventListener("click", () => sheet.close());
  return button;
}
