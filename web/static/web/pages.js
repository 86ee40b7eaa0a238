// Improvements of pages by script. Every page works without it.

// Moves the focus to a new part of the page, or to the summary of errors.
function focusWhatIsNew(within) {
  const found = within.querySelector("[data-focus]");
  if (found) {
    found.focus();
  }
}

// Counts a hold down. Screen readers hear it now and then only. The page itself shows that it has lapsed.
function countDown(clock) {
  const until = Date.parse(clock.dataset.until);
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
  window.setTimeout(() => delete form.dataset.sent, 8000);
}

// Shows the effect of a choice at once. Without a script there is a button.
function changeAtOnce(event) {
  const form = event.target.closest("form[data-at-once]");
  if (form && event.target.checkValidity()) {
    form.requestSubmit();
  }
}

document.addEventListener("DOMContentLoaded", () => {
  focusWhatIsNew(document);
  document.querySelectorAll("[data-until]").forEach(countDown);
  document.addEventListener("submit", sendOnce);
  document.addEventListener("change", changeAtOnce);
});
document.addEventListener("htmx:afterSettle", (event) => focusWhatIsNew(event.detail.elt));
