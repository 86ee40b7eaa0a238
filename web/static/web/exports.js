/** Follows files that are being written: after a message of the socket it loads their list again. */

const ASK_AGAIN = 5_000;
const LONGEST_PAUSE = 30_000;
const NOT_LOGGED_IN = 4401;

const list = document.getElementById("exports");
const say = document.getElementById("exports-say");
let socket;
let failed = 0;
let isAsking = false;

const isOpen = () => "open" in list.dataset;

function listen() {
  socket = new WebSocket(new URL(list.dataset.socket, location.href.replace(/^http/, "ws")));
  socket.onmessage = ({ data }) => {
    if (JSON.parse(data).type === "hello") failed = 0;
    ask();
  };
  socket.onclose = ({ code }) => {
    socket = undefined;
    if (code === NOT_LOGGED_IN || !isOpen()) return;
    const pause = Math.min(LONGEST_PAUSE, 1_000 * 2 ** failed++);
    setTimeout(listen, pause * (0.5 + Math.random() / 2));
  };
}

async function ask() {
  if (isAsking || !isOpen()) return;
  isAsking = true;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.ok) draw(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    // The next message or timer tries again.
  } finally {
    isAsking = false;
  }
}

function draw(page) {
  const fresh = page.getElementById("exports");
  if (!fresh) return;
  const had = list.contains(document.activeElement);
  list.replaceChildren(...fresh.childNodes);
  if (!("open" in fresh.dataset)) {
    delete list.dataset.open;
    socket?.close();
    say.textContent = list.querySelector("[data-news]")?.dataset.news ?? "";
    if (had) list.querySelector("a, button")?.focus({ preventScroll: true });
  }
}

if (list && isOpen()) {
  listen();
  const timer = setInterval(() => (isOpen() ? ask() : clearInterval(timer)), ASK_AGAIN);
}
