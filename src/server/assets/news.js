// What has happened, in words: a message that stays until it is dismissed, and sentences for those who listen.

export const message = region("news", "status");
const spoken = region("visually-hidden", "log");

function region(className, role) {
  const element = document.createElement("div");
  element.className = className;
  element.setAttribute("role", role);
  document.body.append(element);
  return element;
}

/** Says a sentence to those who listen. */
export function announce(sentence) {
  const line = document.createElement("p");
  line.textContent = sentence;
  spoken.replaceChildren(line);
}

/** Shows the banner of a page that reports a change. */
export function report(banner) {
  const shown = document.adoptNode(banner);
  shown.removeAttribute("role"); // the region around it speaks
  message.replaceChildren(shown);
  shown.append(dismissal());
}

/** Shows that something could not be done. */
export function complain(error) {
  const banner = document.createElement("div");
  banner.className = "banner banner-error";
  const text = document.createElement("p");
  text.className = "banner-text";
  text.textContent = error.message;
  banner.append(text, dismissal());
  message.replaceChildren(banner);
}

function dismissal() {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button button-text button-small";
  button.textContent = "Dismiss";
  button.addEventListener("click", () => message.replaceChildren());
  return button;
}
