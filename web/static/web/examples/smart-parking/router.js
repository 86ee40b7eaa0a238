/** Pages by the part of the address behind the #: `#/slots/2027-03-01` is slots("2027-03-01"). */

export function start(pages, { home, after }) {
  let isSentOn = false;

  function here() {
    return location.hash.replace(/^#\/?/, "");
  }

  function show() {
    const [name, ...rest] = here().split("/");
    if (!Object.hasOwn(pages, name)) return go(home);
    isSentOn = false;
    pages[name](...rest);
    // What comes after a page is nothing to one that only sent the visitor on.
    if (!isSentOn) after();
  }

  function go(path) {
    isSentOn = true;
    if (here() === path) show();
    else location.hash = `#/${path}`;
  }

  /** The same page under another name; nothing is drawn anew. */
  function rename(path) {
    history.replaceState(null, "", `#/${path}`);
  }

  const router = { go, here, rename };
  addEventListener("hashchange", (event) => {
    // A link to a part of the page, such as the one that skips to the content, is no page.
    if (new URL(event.newURL).hash.startsWith("#/")) show();
  });
  queueMicrotask(show);
  return router;
}
