// Comfort only: every page works without this file.
"use strict";
const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];

// times in the viewer's zone
function localTimes(inside) {
  for (const time of all("time[datetime]", inside)) {
    const at = new Date(time.dateTime);
    if (isNaN(at)) continue;
    time.title = time.textContent;
    time.textContent = at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  }
}
localTimes(document);

// a box that ticks a column, and how many are ticked
for (const box of all("input[data-all]")) {
  const form = box.form, name = box.dataset.all;
  const boxes = all(`input[type=checkbox][name="${name}"]`, form);
  const told = form.querySelector("[data-chosen]");
  const tell = () => {
    const chosen = boxes.filter((one) => one.checked).length;
    box.checked = boxes.length > 0 && chosen === boxes.length;
    box.indeterminate = chosen > 0 && chosen < boxes.length;
    if (told) told.textContent = chosen ? `${chosen} selected` : "";
  };
  box.hidden = false;
  box.addEventListener("change", () => { boxes.forEach((one) => { one.checked = box.checked; }); tell(); });
  boxes.forEach((one) => one.addEventListener("change", tell));
  let last = null;  // Shift ticks everything between two clicks
  boxes.forEach((one, at) => one.addEventListener("click", (event) => {
    if (event.shiftKey && last !== null) {
      boxes.slice(Math.min(last, at), Math.max(last, at) + 1).forEach((between) => { between.checked = one.checked; });
      tell();
    }
    last = at;
  }));
  tell();
}

// things that are gone through one after the other: j or n to the next, k to the one before
const items = all("[data-item]");
let current = items.find((one) => one.id && `#${one.id}` === location.hash) || items[0];
function move(to, focus) {
  if (!to) return;
  for (const one of items) one.classList.toggle("now", one === to);
  current = to;
  if (focus) { to.focus({ preventScroll: true }); to.scrollIntoView({ block: "nearest" }); }
}
move(current, Boolean(current && location.hash));
items.forEach((one) => one.addEventListener("focusin", () => move(one, false)));

// keys: an element with data-key="x" is pressed by x, unless somebody types; first those of the current item
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(input|textarea|select)$/i.test(event.target.tagName) && event.target.type !== "checkbox" && event.target.type !== "radio") return;
  const step = { j: 1, n: 1, k: -1 }[event.key];
  if (items.length && step) {
    event.preventDefault();
    move(items[items.indexOf(current) + step], true);
    return;
  }
  const is = (one) => one.dataset.key === event.key;
  const pressed = current && all("[data-key]", current).find(is) || all("[data-key]").find((one) => is(one) && !one.closest("[data-item]"));
  if (!pressed) return;
  event.preventDefault();
  if (pressed.matches("input[type=search]")) pressed.focus(); else pressed.click();
});

// who types another value means it
for (const field of all("input[data-chooses]")) {
  field.addEventListener("input", () => {
    const choice = all("input[type=radio]", field.form).find((one) => one.name === field.dataset.chooses && one.value === "value");
    if (choice && field.value) choice.checked = true;
  });
}

// a part of the page that is asked for again until it says that it is done
async function follow(part) {
  while (part.dataset.refresh) {
    await new Promise((wake) => setTimeout(wake, Number(part.dataset.every || 1000)));
    let answer;
    try { answer = await fetch(part.dataset.refresh, { headers: { Accept: "text/html" } }); } catch { continue; }
    if (!answer.ok) { location.reload(); return; }
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(`#${part.id}`);
    if (!fresh || !fresh.dataset.refresh) { location.reload(); return; }
    part.replaceChildren(...fresh.childNodes);
    localTimes(part);
  }
}
all("[data-refresh]").forEach(follow);

// a form is sent once, however often its button is pressed
for (const form of all("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
  });
}
addEventListener("pageshow", () => all("form[data-sent]").forEach((form) => { delete form.dataset.sent; }));
