(() => {
  "use strict";
  const root = document.documentElement;

  const toggle = document.getElementById("theme");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme || (dark.matches ? "dark" : "light")) === "dark";
  const name = () => { toggle.textContent = isDark() ? "Light" : "Dark"; };
  toggle.hidden = false;
  toggle.addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; name(); });
  dark.addEventListener("change", name);
  name();

  const open = () => {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    for (let box = target && target.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
    if (target) target.scrollIntoView();
  };
  addEventListener("hashchange", open);
  open();

  // Paper has no triangles to click.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    closed.forEach((box) => { box.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((box) => { box.open = false; }));

  const table = document.getElementById("every");
  if (!table) return;
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const compare = new Intl.Collator("en", { numeric: true }).compare;
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    if (head.dataset.sort === undefined) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const key = (row) => row.cells[column].dataset.v ?? row.cells[column].textContent.trim();
      const numeric = head.dataset.sort === "number";
      const sorted = [...rows].sort((a, b) => {
        const [x, y] = [key(a), key(b)];
        // What is not known stands last, whichever way the others are sorted.
        if (x === "" || y === "") return (x === "") - (y === "");
        return (numeric ? x - y : compare(x, y)) * (down ? -1 : 1);
      });
      body.append(...sorted);
    });
  });

  const controls = document.getElementById("controls");
  const wanted = controls.querySelector("input");
  const buttons = [...controls.querySelectorAll("button")];
  const status = controls.querySelector("[role=status]");
  const filter = () => {
    const words = wanted.value.toLowerCase().split(/\s+/).filter(Boolean);
    const verdicts = buttons.filter((b) => b.getAttribute("aria-pressed") === "true").map((b) => b.value);
    let shown = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !(words.every((w) => text.includes(w)) && (!verdicts.length || verdicts.includes(row.dataset.verdict)));
      shown += !row.hidden;
    }
    status.textContent = `${shown} of ${rows.length} shown`;
  };
  controls.hidden = false;
  wanted.addEventListener("input", filter);
  for (const button of buttons) {
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
      filter();
    });
  }
  filter();
})();
