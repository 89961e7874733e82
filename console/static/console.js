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

// keys: an element with data-key="x" is pressed by x, unless somebody types
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(input|textarea|select)$/i.test(event.target.tagName) && event.target.type !== "checkbox" && event.target.type !== "radio") return;
  const pressed = all("[data-key]").find((one) => one.dataset.key === event.key);
  if (!pressed) return;
  event.preventDefault();
  if (pressed.matches("input[type=search]")) pressed.focus(); else pressed.click();
});

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
