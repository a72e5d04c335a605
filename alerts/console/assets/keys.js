// Keys of the inbox: j and k go from row to row, others to what is marked with them. Enter is the browser's.
// Only where they were switched on, in this browser (shortcuts.py).
"use strict";
document.addEventListener("keydown", (event) => {
  if (!document.cookie.split("; ").includes("shortcuts=on")) return;
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
  const rows = [...document.querySelectorAll("[data-row]")];
  const step = { j: 1, k: -1 }[event.key];
  if (step && rows.length) {
    const now = rows.indexOf(document.activeElement);
    const next = now < 0 ? (step > 0 ? 0 : rows.length - 1) : now + step;
    rows[Math.max(0, Math.min(next, rows.length - 1))].focus();
    return;
  }
  const meant = /^[a-z]$/.test(event.key) && document.querySelector(`[data-key="${event.key}"]`);
  if (!meant) return;
  event.preventDefault(); // the letter is no part of an answer
  if (meant.href) meant.click();
  else meant.focus();
});
