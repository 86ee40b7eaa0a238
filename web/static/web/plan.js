/** Keeps the picture of a lot up to date: after a message of the socket it loads the page again. */

const SOON = 250;
const ASK_AGAIN = 8_000;
const LONGEST_PAUSE = 30_000;
const NO_SUCH_VENUE = 4404;

const live = document.getElementById("plan-live");
const state = document.getElementById("plan-state");
let soon;
let failed = 0;
let isLive = false;
let isAsking = false;
let isStale = false;

function listen() {
  const socket = new WebSocket(new URL(live.dataset.socket, location.href.replace(/^http/, "ws")));
  socket.onmessage = ({ data }) => {
    const { type } = JSON.parse(data);
    if (type === "hello") {
      failed = 0;
      say(true);
    }
    askSoon();
  };
  socket.onclose = ({ code }) => {
    say(false);
    if (code === NO_SUCH_VENUE) return;
    const pause = Math.min(LONGEST_PAUSE, 1_000 * 2 ** failed++);
    setTimeout(listen, pause * (0.5 + Math.random() / 2));
  };
}

function say(now) {
  isLive = now;
  state.hidden = false;
  state.textContent = now ? state.dataset.live : state.dataset.away;
}

/** Many messages may come at once, and to many pages. */
function askSoon() {
  clearTimeout(soon);
  soon = setTimeout(ask, SOON * (1 + Math.random()));
}

async function ask() {
  // The page is hidden, or somebody types: load as soon as that ends.
  if (document.hidden || isAsking || live.contains(document.activeElement?.closest("form"))) {
    isStale = true;
    return;
  }
  isAsking = true;
  isStale = false;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.ok) draw(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    // The next message or timer tries again.
    isStale = true;
  } finally {
    isAsking = false;
  }
}

function draw(page) {
  const fresh = page.getElementById("plan-live");
  if (!fresh) return;
  const focused = live.contains(document.activeElement) ? document.activeElement.id : "";
  const opened = [...live.querySelectorAll("details")].map((one) => one.open);
  const drawing = live.querySelector(".drawing");
  const [left, top] = [drawing?.scrollLeft ?? 0, drawing?.scrollTop ?? 0];
  live.replaceChildren(...fresh.childNodes);
  live.querySelectorAll("details").forEach((one, number) => (one.open = opened[number] ?? one.open));
  live.querySelector(".drawing")?.scrollTo(left, top);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

document.addEventListener("visibilitychange", () => !document.hidden && isStale && askSoon());
live.addEventListener("focusout", () => isStale && askSoon());
setInterval(() => !isLive && ask(), ASK_AGAIN);
listen();
