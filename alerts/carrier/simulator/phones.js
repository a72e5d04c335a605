// Every text is put on the page as text, never as markup: a hostile one is harmless.
const phones = new Map(); // number → what is on that phone
let languages = {};

const pretty = (number) => number.replace(/^\+1(\d{3})(\d{3})(\d{4})$/, "+1 $1 $2 $3");

function addPhone({ name, number, language }) {
  if (phones.has(number)) return;
  const words = languages[language];
  const element = document.getElementById("phone").content.cloneNode(true).firstElementChild;
  const find = (selector) => element.querySelector(selector);
  const phone = { number, language, words, list: find(".texts"), problem: find(".problem"), seen: null, asked: 0 };
  element.setAttribute("aria-label", name);
  find(".face").textContent = [...name][0].toUpperCase();
  find(".name").textContent = name;
  find(".language").textContent = words.language;
  find(".number").textContent = pretty(number);
  for (const part of element.querySelectorAll(".language, .texts, .quick, .write")) part.lang = language;
  phone.list.dataset.empty = words.empty;
  phone.list.setAttribute("aria-label", name);
  const input = find("input");
  input.placeholder = words.write;
  input.setAttribute("aria-label", `${words.write}, ${name}`);
  find(".write button").textContent = words.send;
  find(".quick").append(...words.quick.map((word) => quickButton(phone, word)));
  find(".write").addEventListener("submit", (event) => {
    event.preventDefault();
    if (input.value) send(phone, input.value);
    input.value = "";
    input.focus();
  });
  document.getElementById("phones").append(element);
  phones.set(number, phone);
  show(number);
}

function quickButton(phone, word) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = word;
  button.addEventListener("click", () => send(phone, word));
  return button;
}

async function send(phone, body) {
  let problem = "";
  try {
    const answer = await fetch("/simulator/texts", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ from: phone.number, body }),
    });
    const said = await answer.json();
    if (!answer.ok) problem = said.error;
    else if (said.error) problem = `The webhook did not answer as it should: HTTP ${said.http_status}, Twilio's error ${said.error}`;
  } catch {
    problem = "The simulator does not answer.";
  }
  phone.problem.textContent = problem;
  phone.problem.hidden = !problem;
}

async function show(number) {
  const phone = phones.get(number);
  if (!phone) return;
  const turn = ++phone.asked; // answers may overtake each other: only the newest question counts
  const answer = await fetch(`/simulator/phones/${number.slice(1)}`);
  const texts = await answer.json();
  if (turn !== phone.asked) return;
  const list = phone.list;
  const grown = phone.seen && texts.some((text) => !phone.seen.has(text.sid));
  const atEnd = grown || list.scrollHeight - list.scrollTop - list.clientHeight < 60;
  list.replaceChildren(...texts.map((text) => bubble(text, phone)));
  phone.seen = new Set(texts.map((text) => text.sid));
  if (atEnd) list.scrollTop = list.scrollHeight;
}

function bubble(text, { words, language, seen }) {
  const item = document.createElement("li");
  const failed = ["failed", "undelivered", "canceled"].includes(text.status);
  item.className = text.mine ? "mine" : "theirs";
  item.classList.toggle("failed", failed);
  item.classList.toggle("new", Boolean(seen) && !seen.has(text.sid));
  const body = document.createElement("span");
  body.className = "bubble";
  body.dir = "auto";
  body.textContent = text.body;
  const note = document.createElement("small");
  const time = new Date(text.at);
  const facts = [time.toLocaleTimeString(words.clock, { hour: "numeric", minute: "2-digit" })];
  if (!text.mine) {
    facts.push(failed ? `${words.statuses.failed} (${text.code ?? text.status})` : words.statuses[text.status] ?? "…");
    if (text.parts > 1) facts.push(`${text.parts} ${words.parts}`);
  }
  note.textContent = facts.join(" · ");
  note.title = time.toLocaleString();
  item.append(body, note);
  return item;
}

function listen() {
  const link = document.getElementById("link");
  const events = new EventSource("/simulator/events"); // it connects again by itself
  events.addEventListener("hello", () => {
    link.textContent = "live";
    link.className = "live";
    for (const number of phones.keys()) show(number);
  });
  events.onmessage = (event) => show(JSON.parse(event.data).number);
  events.onerror = () => {
    link.textContent = "connecting";
    link.className = "";
  };
}

function suggestNumber(form) {
  let last = 104;
  while (phones.has(`+190955501${String(last).slice(1)}`)) last += 1;
  form.elements.number.value = last < 180 ? pretty(`+190955501${String(last).slice(1)}`) : "";
}

async function start() {
  const { languages: known, first } = await (await fetch("/phones/words")).json();
  languages = known;
  const form = document.getElementById("add");
  for (const [code, words] of Object.entries(known)) form.elements.language.add(new Option(words.language, code));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const asked = Object.fromEntries(new FormData(form));
    const digits = asked.number.replace(/\D/g, "").replace(/^1?(\d{10})$/, "1$1");
    addPhone({ name: asked.name.trim() || "Worker", number: `+${digits}`, language: asked.language });
    form.elements.name.value = "";
    suggestNumber(form);
  });
  first.forEach(addPhone);
  suggestNumber(form);
  listen();
}

start();
