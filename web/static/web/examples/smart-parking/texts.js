/** The pages and texts in the HTML, in the visitor's language. */

export function page(id) {
  return document.getElementById(id).content.cloneNode(true);
}

export function text(name) {
  const held = document.getElementById("texts").content;
  return held.querySelector(`[data-text="${name}"]`)?.textContent ?? "";
}
