/** The page with the date control. The board below it is Holdfast's. */
import { page } from "./texts.js";

const LAST_START = 16;
const DAY = 86_400_000;

export function showSlots(app, day, chosen) {
  app.replaceChildren(page("slots-page"));
  const picker = document.getElementById("date-picker");
  picker.value = /^\d{4}-\d\d-\d\d$/.test(day ?? "") ? day : nextDay();
  chosen(picker.value);
  picker.addEventListener("change", () => picker.value && chosen(picker.value));
  for (const [id, days] of [["previous-day", -1], ["next-day", 1]]) {
    document.getElementById(id).addEventListener("click", () => {
      picker.value = iso(Date.parse(picker.value || nextDay()) + days * DAY);
      picker.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }
}

/** Today in the lot's zone, which is UTC. Tomorrow after today's last slot has started. */
function nextDay() {
  const now = new Date();
  return iso(now.getTime() + (now.getUTCHours() >= LAST_START ? DAY : 0));
}

function iso(instant) {
  return new Date(instant).toISOString().slice(0, 10);
}
