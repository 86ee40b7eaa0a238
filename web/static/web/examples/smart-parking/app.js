/** The site: the page of each address, and who may see it. */
import * as auth from "./auth.js";
import { showLogin } from "./login.js";
import { start } from "./router.js";
import { showSlots } from "./slots.js";

const app = document.getElementById("app");
const who = document.getElementById("who");

const pages = {
  login: () => showLogin(app, { then: () => router.go(auth.takeWish() ?? "slots") }),
  slots: (day) => {
    if (auth.isLoggedIn()) return showSlots(app, day, (chosen) => router.rename(`slots/${chosen}`));
    auth.keepWish(router.here());
    return router.go("login");
  },
};

const router = start(pages, {
  home: "slots",
  after() {
    who.hidden = !auth.isLoggedIn();
    document.getElementById("who-name").textContent = auth.name();
    const heading = app.querySelector("h1");
    document.title = `${heading?.textContent ?? ""} · Smart Parking`;
    heading?.focus();
  },
});

document.getElementById("logout").addEventListener("click", async () => {
  await auth.logOut();
  auth.note("signedOut");
  router.go("login");
});

// The board says when it needs a log-in. This page decides how to log in.
document.addEventListener("holdfast:login", async ({ detail }) => {
  const before = auth.token();
  if (await auth.renew()) return detail.retry();
  // Somebody may have logged in meanwhile.
  if (auth.token() !== before) return;
  auth.forget();
  auth.note("expired");
  if (router.here().startsWith("slots")) auth.keepWish(router.here());
  router.go("login");
});
