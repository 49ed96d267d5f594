// Asking the server for a page. The browser's own parser reads it, so that nothing on screen is ever made of strings.

const PATIENCE_MS = 20_000;

/**
 * Sends a form or asks for a page, following redirects.
 * Resolves to `{ status, url, page }`; rejects with a sentence for people when no answer comes.
 */
export function ask(method, url, fields) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const unreachable = () =>
      reject(new Error("The server cannot be reached. Nothing was changed; try again in a moment."));
    request.open(method, url);
    request.responseType = "document";
    request.timeout = PATIENCE_MS;
    request.onload = () =>
      request.response
        ? resolve({ status: request.status, url: new URL(request.responseURL), page: request.response })
        : unreachable();
    request.onerror = unreachable;
    request.ontimeout = unreachable;
    request.send(fields ?? null);
  });
}

/** What a form would send if `submitter` were pressed. */
export function fieldsOf(form, submitter) {
  return new URLSearchParams(new FormData(form, submitter));
}
