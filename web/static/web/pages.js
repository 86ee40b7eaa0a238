// Improvements of pages by script. Every page works without it.

// About when the server wrote the page, by the clock of this device.
const loadedAt = Date.now() - performance.now() + (performance.getEntriesByType("navigation")[0]?.responseStart ?? 0);

// Moves the focus to a new part of the page, or to the summary of errors.
function focusWhatIsNew(within) {
  const found = within.querySelector("[data-focus]");
  if (found) {
    found.focus();
  }
}

// Counts a hold down. Screen readers hear it now and then only. The page itself shows that it has lapsed.
function countDown(clock) {
  // The server's clock says how long it is. The device's own may be wrong, but it runs on evenly.
  const sent = Date.parse(clock.dataset.now);
  const until = Date.parse(clock.dataset.until) - (Number.isNaN(sent) ? 0 : sent - loadedAt);
  const told = clock.querySelector("[data-left]");
  const aloud = clock.querySelector("[data-aloud]");
  let announced = null;
  function tick() {
    const seconds = Math.max(0, Math.ceil((until - Date.now()) / 1000));
    const minutes = Math.floor(seconds / 60);
    told.textContent = `${minutes}:${String(seconds % 60).padStart(2, "0")}`;
    clock.classList.toggle("soon", seconds < 120);
    if ([10, 5, 2, 1].includes(minutes) && seconds % 60 === 0 && announced !== minutes) {
      announced = minutes;
      aloud.textContent = clock.dataset.say.replace("%s", minutes);
    }
    if (seconds === 0) {
      window.setTimeout(() => window.location.reload(), 1500);
      return;
    }
    window.setTimeout(tick, 1000);
  }
  // A page from the browser's history may be old: the hold has lapsed, but the page was not reloaded.
  if (until > Date.now()) {
    clock.hidden = false;
    tick();
  }
}

// Whether a form of this page was sent. What the page says may no longer be so.
let wasSent = false;

// A second click does not send a form again. A repeat would do no harm.
function sendOnce(event) {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) {
    return;
  }
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  wasSent = true;
  window.setTimeout(() => delete form.dataset.sent, 8000);
}

// A page that the browser kept whole and shows again: its forms can be sent, and what it tells may be old.
// The server says anew what there is, such as that this guest holds it already.
function shownAgain(event) {
  if (!event.persisted) {
    return;
  }
  document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
  if (wasSent || document.querySelector("[data-until], .who")) {
    window.location.reload();
  }
}

// Shows the effect of a choice at once. Without a script there is a button.
function changeAtOnce(event) {
  const form = event.target.closest("form[data-at-once]");
  if (form && event.target.checkValidity()) {
    form.requestSubmit();
  }
}

window.addEventListener("pageshow", shownAgain);
document.addEventListener("DOMContentLoaded", () => {
  focusWhatIsNew(document);
  document.querySelectorAll("[data-until]").forEach(countDown);
  document.addEventListener("submit", sendOnce);
  document.addEventListener("change", changeAtOnce);
});
document.addEventListener("htmx:afterSettle", (event) => focusWhatIsNew(event.detail.elt));
