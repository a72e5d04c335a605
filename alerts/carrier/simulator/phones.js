// Every text is put on the page as text, never as markup: a hostile one is harmless.
const WORDS = {
  en: { language: "English", send: "Send", write: "Text message", empty: "Text JOIN to get alerts", quick: ["JOIN", "YES", "NO", "HELP", "STOP"] },
  es: { language: "Español", send: "Enviar", write: "Mensaje", empty: "Manda UNETE para recibir avisos", quick: ["UNETE", "SI", "NO", "AYUDA", "ALTO"] },
  so: { language: "Soomaali", send: "Dir", write: "Fariin", empty: "Soo dir KU BIIR si aad fariimaha u hesho", quick: ["KU BIIR", "HAA", "MAYA", "CAAWIN", "JOOJI"] },
};
const FIRST = [
  { name: "Maria", number: "+19095550101", language: "es" },
  { name: "Yasmin", number: "+19525550102", language: "so" },
  { name: "James", number: "+19095550103", language: "en" },
];
const phones = new Map();

function pretty(number) {
  return number.replace(/^\+1(\d{3})(\d{3})(\d{4})$/, "+1 $1 $2 $3");
}

function addPhone({ name, number, language }) {
  if (phones.has(number)) return;
  const words = WORDS[language];
  const phone = document.getElementById("phone").content.cloneNode(true).firstElementChild;
  const find = (selector) => phone.querySelector(selector);
  phone.lang = language;
  find(".name").textContent = name;
  find(".language").textContent = words.language;
  find(".number").textContent = pretty(number);
  find(".texts").dataset.empty = words.empty;
  find(".texts").setAttribute("aria-label", `${name}: ${words.write}`);
  find("input").placeholder = words.write;
  find("input").setAttribute("aria-label", words.write);
  find(".write button").textContent = words.send;
  for (const word of words.quick) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = word;
    button.addEventListener("click", () => send(number, word));
    find(".quick").append(button);
  }
  find(".write").addEventListener("submit", (event) => {
    event.preventDefault();
    const input = find("input");
    if (input.value) send(number, input.value);
    input.value = "";
  });
  document.getElementById("phones").append(phone);
  phones.set(number, find(".texts"));
  show(number);
}

async function send(number, body) {
  await fetch("/simulator/texts", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ from: number, body }),
  });
}

async function show(number) {
  const list = phones.get(number);
  if (!list) return;
  const answer = await fetch(`/simulator/phones/${number.slice(1)}`);
  const texts = await answer.json();
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  list.replaceChildren(...texts.map(bubble));
  if (atEnd) list.scrollTop = list.scrollHeight;
}

function bubble(text) {
  const item = document.createElement("li");
  item.className = text.mine ? "mine" : "theirs";
  if (text.code) item.classList.add("failed");
  item.append(text.body);
  const note = document.createElement("small");
  const time = new Date(text.at).toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });
  const parts = text.parts > 1 ? ` · ${text.parts} parts` : "";
  note.textContent = text.mine ? time : `${time} · ${text.status}${text.code ? ` ${text.code}` : ""}${parts}`;
  item.append(note);
  return item;
}

function listen() {
  const link = document.getElementById("link");
  const events = new EventSource("/simulator/events");
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

document.getElementById("add").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = new FormData(event.target);
  const digits = form.get("number").replace(/\D/g, "").replace(/^1?(\d{10})$/, "1$1");
  addPhone({ name: "Worker", number: `+${digits}`, language: form.get("language") });
  event.target.reset();
});

FIRST.forEach(addPhone);
listen();
