/** The log-in page. */
import * as auth from "./auth.js";
import { page, text } from "./texts.js";

export function showLogin(app, { then }) {
  app.replaceChildren(page("login-page"));
  const form = document.getElementById("login-form");
  const fault = document.getElementById("login-error");
  const button = form.querySelector("button");
  const { email, password } = form.elements;
  const word = auth.takeNote();
  document.getElementById("login-note").textContent = word ? text(word) : "";

  function say(reason) {
    fault.textContent = reason ? text(reason) : "";
    fault.hidden = !reason;
    for (const field of [email, password]) {
      if (reason === "wrong" || (reason === "missing" && !field.value)) field.setAttribute("aria-invalid", "true");
      else field.removeAttribute("aria-invalid");
      field.setAttribute("aria-describedby", "login-error");
    }
    if (reason) fault.focus();
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.getAttribute("aria-disabled")) return;
    if (!email.value.trim() || !password.value) return say("missing");
    say(null);
    const label = button.textContent;
    button.setAttribute("aria-disabled", "true");
    button.textContent = text("busy");
    try {
      await auth.logIn(email.value.trim(), password.value);
      then();
    } catch (failure) {
      if (!(failure instanceof auth.LogInFailed)) throw failure;
      say(failure.reason);
    } finally {
      button.removeAttribute("aria-disabled");
      button.textContent = label;
    }
  });

  for (const driver of app.querySelectorAll(".driver")) {
    driver.addEventListener("click", () => {
      email.value = driver.dataset.email;
      password.value = driver.dataset.password;
      button.focus();
    });
  }
}
