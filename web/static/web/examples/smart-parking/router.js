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
    // A page that only redirects needs no focus or title.
    if (!isSentOn) after();
  }

  function go(path) {
    isSentOn = true;
    if (here() === path) show();
    else location.hash = `#/${path}`;
  }

  /** Changes the address without drawing the page again. */
  function rename(path) {
    history.replaceState(null, "", `#/${path}`);
  }

  const router = { go, here, rename };
  addEventListener("hashchange", (event) => {
    // A link to a part of the page, such as the skip link, is no page.
    if (new URL(event.newURL).hash.startsWith("#/")) show();
  });
  queueMicrotask(show);
  return router;
}
