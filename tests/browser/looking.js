// What a person would see on a page and axe does not look for. Each function answers with the faults it found.
(() => {
  const seen = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const named = (element) => element.outerHTML.replace(/\s+/g, " ").slice(0, 120);
  const box = (element) => element.getBoundingClientRect();

  function scrollsByItself(element) {
    for (let one = element.parentElement; one && one !== document.body; one = one.parentElement)
      if (["auto", "scroll"].includes(getComputedStyle(one).overflowX)) return true;
    return false;
  }

  // Meant for those who listen: one pixel, cut off.
  const isForEars = (element) => box(element).width <= 1 || getComputedStyle(element).clipPath !== "none";

  function overflow() {
    const root = document.documentElement;
    const faults = [];
    if (root.scrollWidth > root.clientWidth) faults.push(`the page is ${root.scrollWidth} wide, the window ${root.clientWidth}`);
    for (const element of document.body.querySelectorAll("*")) {
      if (!seen(element) || isForEars(element) || scrollsByItself(element) || element.closest("svg, option")) continue;
      const { left, right } = box(element);
      if (right > root.clientWidth + 1 || (left < -1 && right > 0)) faults.push(`${Math.round(left)} to ${Math.round(right)}: ${named(element)}`);
    }
    // A number before a line is no element: it stands to the left, with a dot and a space.
    for (const list of document.querySelectorAll("ol")) {
      const { listStyleType, fontSize } = getComputedStyle(list);
      const wide = (String(list.children.length).length + 2) * 0.6 * parseFloat(fontSize);
      if (seen(list) && listStyleType !== "none" && list.children.length && box(list.children[0]).left < wide) faults.push(`no room for numbers: ${named(list)}`);
    }
    return faults;
  }

  function motion() {
    const longest = (times) => Math.max(...times.split(",").map((time) => parseFloat(time) * (time.includes("ms") ? 1 : 1000)));
    const faults = [];
    for (const element of document.querySelectorAll("*")) {
      const style = getComputedStyle(element);
      if (longest(style.transitionDuration) > 10) faults.push(`changes in ${style.transitionDuration}: ${named(element)}`);
      if (style.animationName !== "none" && longest(style.animationDuration) > 10) faults.push(`moves: ${named(element)}`);
      if (style.scrollBehavior === "smooth") faults.push(`scrolls slowly: ${named(element)}`);
    }
    return faults;
  }

  // A button that belongs to no form does nothing when it is pressed.
  const idle = () => [...document.querySelectorAll("button")].filter((one) => !one.form && !one.hasAttribute("hx-post")).map(named);

  const look = (element) => {
    const style = getComputedStyle(element);
    const names = ["outlineStyle", "outlineWidth", "outlineColor", "boxShadow", "borderTopColor", "borderTopWidth", "backgroundColor", "color", "textDecorationLine"];
    return names.map((name) => (name.startsWith("outline") && style.outlineStyle === "none" ? "none" : style[name])).join("; ");
  };
  const focusable = 'a[href], button, input:not([type="hidden"]), select, textarea, summary, [tabindex], [contenteditable=""]';
  const plain = new Map();

  // Notes how everything that can be reached looks before it is. How many there are.
  function note() {
    for (const element of document.querySelectorAll(focusable))
      if (!plain.has(element) && seen(element) && !element.disabled && element.tabIndex >= 0) plain.set(element, look(element));
    return plain.size;
  }

  // formAction of a button without one of its own is the page; `form.action` may be a field of that name.
  const goesTo = (button) => {
    const own = button.getAttribute("hx-post") ?? button.getAttribute("formaction") ?? button.form.getAttribute("action");
    return new URL(own ?? "", location).pathname;
  };

  // What has the focus: null for nothing.
  function focused() {
    const element = document.activeElement;
    if (!element || element === document.body || element === document.documentElement) return null;
    if (!plain.has(element)) {
      // It came meanwhile, or can be reached only because it scrolls.
      element.blur();
      plain.set(element, look(element));
      element.focus({ preventScroll: true });
    }
    const place = [...plain.keys()].indexOf(element);
    const { left, top, width, height } = box(element);
    const at = (x, y) => document.elementFromPoint(left + width * x, top + height * y);
    const reached = (hit) => hit && (element.contains(hit) || hit.contains(element) || [...(element.labels ?? [])].some((label) => label.contains(hit)));
    const free = [[0.5, 0.5], [0.1, 0.5], [0.9, 0.5], [0.5, 0.1], [0.5, 0.9]].some(([x, y]) => reached(at(x, y)));
    return {
      place,
      html: named(element),
      shows: place >= 0 && look(element) !== plain.get(element),
      free,
      kind: element.localName === "input" ? element.type : element.localName,
      empty: "value" in element && !element.value,
      checked: Boolean(element.checked),
      required: Boolean(element.required),
      opens: element.localName === "summary" && !element.parentElement.open,
      posts: element.form?.method === "post" && element.type === "submit" ? goesTo(element) : null,
      // Under which name htmx sends it; null where the browser does.
      asks: element.hasAttribute("hx-post") ? element.id : null,
    };
  }

  // Those that Tab passed over; of radio buttons one stands for its group.
  function missed(reached) {
    const groups = new Set();
    const all = [...plain.keys()];
    for (const place of reached) if (all[place]?.type === "radio") groups.add(all[place].name);
    return all.filter((one, place) => one.isConnected && seen(one) && !reached.includes(place) && !groups.has(one.type === "radio" ? one.name : "")).map(named);
  }

  // Where `mark` stands in a text: whether what is written in the other direction can turn what is beside it around.
  function turned(mark) {
    const faults = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    let found = 0;
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
      if (!text.data.includes(mark)) continue;
      found += 1;
      let holds = text.parentElement;
      const isolates = (one) => /isolate|plaintext/.test(getComputedStyle(one).unicodeBidi) || one.localName === "textarea";
      while (!isolates(holds) && getComputedStyle(holds).display === "inline") holds = holds.parentElement;
      if (!isolates(holds) && holds.textContent.trim() !== text.data.trim()) faults.push(named(holds));
    }
    return { found, faults };
  }

  return { overflow, idle, motion, note, focused, missed, turned };
})()
