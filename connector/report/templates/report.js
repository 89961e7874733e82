"use strict";
(function () {
  const form = document.getElementById("filter");
  if (!form) return;
  const text = document.getElementById("text");
  const selects = ["action", "direction", "field"].map((name) => [name, document.getElementById(name)]);
  const rows = Array.from(document.querySelectorAll("#plan tbody tr"), (row) => {
    return { row, words: row.textContent.toLowerCase().replace(/\s+/g, " ") };
  });
  function apply() {
    const wanted = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const { row, words } of rows) {
      const fits =
        selects.every(([name, select]) => !select.value || row.dataset[name] === select.value) &&
        wanted.every((word) => words.includes(word));
      row.hidden = !fits;
      shown += fits;
    }
    document.getElementById("number").textContent = `${shown} of ${rows.length} rows`;
    document.getElementById("none").hidden = shown > 0;
  }
  form.addEventListener("input", apply);
  form.addEventListener("change", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));
  form.hidden = false;
  apply();
})();
