/** The log-in: tokens of the API, stored for this tab and renewed before they expire. */

const API = "/api/v1";
const ACCESS = "smart-parking.access";
const REFRESH = "smart-parking.refresh";
const NAME = "smart-parking.name";
const ENDS = "smart-parking.ends";
const WISH = "smart-parking.wish";
const NOTE = "smart-parking.note";
const EARLY = 60_000;

const kept = sessionStorage;
let timer;
let renewing;

export class LogInFailed extends Error {
  /** `reason` is the name of a text of the page. */
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

export function token() {
  return kept.getItem(ACCESS);
}

export function isLoggedIn() {
  return Boolean(token());
}

export function name() {
  return kept.getItem(NAME) ?? "";
}

export async function logIn(email, password) {
  const answer = await post("/parking/login", { email, password });
  if (!answer) throw new LogInFailed("unreachable");
  if (answer.status === 429) throw new LogInFailed("often");
  if (answer.status >= 500) throw new LogInFailed("unreachable");
  if (!answer.ok) throw new LogInFailed("wrong");
  keep(await answer.json());
  kept.setItem(NAME, email);
}

/** Renews the token. Returns false if that fails. Only one request runs at a time. */
export function renew() {
  renewing ??= ask().finally(() => (renewing = undefined));
  return renewing;
}

export async function logOut() {
  const refresh = kept.getItem(REFRESH);
  forget();
  if (refresh) await post("/auth/logout", { refresh });
}

export function forget() {
  clearTimeout(timer);
  for (const key of [ACCESS, REFRESH, NAME, ENDS]) kept.removeItem(key);
}

/** The text that the log-in page shows once, and the page to go to next. */
export const note = (text) => kept.setItem(NOTE, text);
export const takeNote = () => take(NOTE);
export const keepWish = (path) => kept.setItem(WISH, path);
export const takeWish = () => take(WISH);

async function ask() {
  const refresh = kept.getItem(REFRESH);
  const answer = refresh && (await post("/auth/refresh", { refresh }));
  // If somebody has logged in meanwhile, that token counts.
  if (!answer?.ok || kept.getItem(REFRESH) !== refresh) return false;
  keep(await answer.json());
  return true;
}

function keep({ access, refresh, expires_in: seconds }) {
  kept.setItem(ACCESS, access);
  kept.setItem(REFRESH, refresh);
  kept.setItem(ENDS, String(Date.now() + seconds * 1000));
  plan();
}

function plan() {
  clearTimeout(timer);
  const left = Number(kept.getItem(ENDS)) - Date.now() - EARLY;
  if (isLoggedIn()) timer = setTimeout(renew, Math.max(0, left));
}

function take(key) {
  const found = kept.getItem(key);
  kept.removeItem(key);
  return found;
}

async function post(path, body) {
  try {
    return await fetch(API + path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch {
    return null;
  }
}

plan();
