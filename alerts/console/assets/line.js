// Pages that ask or listen by themselves say so when they hear nothing any more: what they show is old then.
"use strict";
(() => {
  const SILENT_MS = 90_000; // whoever listens hears something every minute
  let heard = Date.now();
  const line = () => document.querySelector("#line[data-says]");
  const lost = () => {
    const one = line();
    if (!one || one.textContent) return;
    const at = new Date(heard).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
    one.textContent = one.dataset.says.replace("{time}", at);
  };
  const hears = () => {
    heard = Date.now();
    if (line()) line().textContent = "";
  };
  for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError", "htmx:sseError"]) document.addEventListener(name, lost);
  for (const name of ["htmx:sseOpen", "htmx:sseMessage"]) document.addEventListener(name, hears);
  document.addEventListener("htmx:afterRequest", (event) => event.detail.successful && hears());
  addEventListener("offline", lost);
  addEventListener("online", () => document.querySelector("[sse-connect]") || hears());
  setInterval(() => document.querySelector("[sse-connect]") && Date.now() - heard > SILENT_MS && lost(), 5_000);
})();
