// Puts the parts of the page that may have changed in the place of the old ones.

import { ask } from "./ask.js";

/** Marks the page as busy: nothing may be replaced until it is idle again. */
export function busy(what) {
  if (what) {
    document.documentElement.dataset.busy = what;
  } else {
    delete document.documentElement.dataset.busy;
    document.dispatchEvent(new CustomEvent("iikura:idle"));
  }
}

/** Asks for this page anew and replaces its live regions; the focus stays where it was, if that is still there. */
export async function refresh() {
  const { status, page } = await ask("GET", location.href);
  if (status !== 200) return;
  const focused = focusPath();
  for (const region of document.querySelectorAll("[data-live-region]")) {
    const fresh = page.querySelector(`[data-live-region="${CSS.escape(region.dataset.liveRegion)}"]`);
    if (!fresh) continue;
    const { scrollLeft, scrollTop } = region;
    region.replaceChildren(...[...fresh.childNodes].map((node) => document.adoptNode(node)));
    region.scrollTo(scrollLeft, scrollTop);
  }
  if (focused) document.querySelector(focused)?.focus({ preventScroll: true });
  const { revision, shown } = page.querySelector("main[data-revision]")?.dataset ?? {};
  document.dispatchEvent(new CustomEvent("iikura:refreshed", { detail: { revision: Number(revision ?? 0), shown } }));
}

function focusPath() {
  const focused = document.activeElement;
  if (!focused?.closest("[data-live-region]")) return undefined;
  if (focused.id) return `#${CSS.escape(focused.id)}`;
  const href = focused.getAttribute("href");
  return href ? `[href="${CSS.escape(href)}"]` : undefined;
}
