"use strict";
// A row: path, page, [covered, total] of lines, of branches, of changed statements, components, legs, changed, rank, tests.
const { rows, branch, patched, ranked, tested, thresholds } = COVLANE;
const PAGE = 200;
const [PATH, LINK, LINES, BRANCHES, PATCH, COMPONENTS, LEGS, CHANGED, RANK, TESTS] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const missing = ([covered, total]) => total - covered;
// As all other outputs: rounded down, so that almost everything never reads 100 %; nothing of nothing is the most.
const hundredths = ([covered, total]) => (total ? Math.floor((covered * 10000) / total) : Infinity);
const percent = (ratio) => {
  const value = hundredths(ratio);
  return ratio[1] ? `${Math.floor(value / 100)}.${String(value % 100).padStart(2, "0")}%` : "-";
};
const columns = [
  { name: "File", key: (row) => row[PATH] },
  { name: "Lines", key: (row) => hundredths(row[LINES]), text: (row) => percent(row[LINES]), ratio: LINES },
  { name: "Missed", label: "Missed lines", key: (row) => missing(row[LINES]), down: true },
  ...(branch
    ? [
        { name: "Branches", key: (row) => hundredths(row[BRANCHES]), text: (row) => percent(row[BRANCHES]), ratio: BRANCHES },
        { name: "Missed", label: "Missed branches", key: (row) => missing(row[BRANCHES]), down: true, spare: true },
      ]
    : []),
  ...(patched ? [{ name: "Changed", label: "Changed statements", key: (row) => hundredths(row[PATCH]), text: (row) => percent(row[PATCH]), ratio: PATCH }] : []),
  ...(tested ? [{ name: "Tests", label: "Tests that run it", key: (row) => row[TESTS] ?? 0, text: (row) => (row[TESTS] ?? "").toLocaleString("en"), spare: true, rare: true }] : []),
  // 1 is where one more test pays most; 0 is a file with nothing uncovered.
  ...(ranked ? [{ name: "Next", label: "Test next, 1 pays most", key: (row) => row[RANK] || Infinity, text: (row) => (row[RANK] || "-").toLocaleString("en"), spare: true }] : []),
];
const get = (id) => document.getElementById(id);
const order = new Intl.Collator("en", { numeric: true }).compare;
let sorted = { column: columns[2], down: true };
let shown = [];
let drawn = 0;
const open = new Set();

function compare(a, b) {
  const [x, y] = [sorted.column.key(a), sorted.column.key(b)];
  const by = typeof x === "string" ? order(x, y) : x === y ? 0 : x < y ? -1 : 1;
  return (sorted.down ? -by : by) || order(a[PATH], b[PATH]);
}

function wanted(row) {
  const path = get("path").value.toLowerCase();
  const component = get("component")?.value;
  const leg = get("leg")?.value;
  return (
    row[PATH].toLowerCase().includes(path) &&
    (!component || row[COMPONENTS].includes(Number(component))) &&
    (!leg || row[LEGS].includes(Number(leg))) &&
    (!get("changed")?.checked || row[CHANGED])
  );
}

// Folders are rows of sums; `inside` has what lies in one, by name.
function folders(files) {
  const root = { inside: new Map() };
  for (const row of files) {
    let folder = root;
    const parts = row[PATH].split("/");
    for (let depth = 1; depth < parts.length; depth++) {
      const path = parts.slice(0, depth).join("/") + "/";
      if (!folder.inside.has(path)) {
        folder.inside.set(path, Object.assign([path, null, [0, 0], [0, 0], [0, 0]], { depth: depth - 1, inside: new Map() }));
      }
      folder = folder.inside.get(path);
      if (row[RANK]) folder[RANK] = Math.min(folder[RANK] || Infinity, row[RANK]);
      for (const kind of [LINES, BRANCHES, PATCH]) {
        folder[kind][0] += row[kind][0];
        folder[kind][1] += row[kind][1];
      }
    }
    folder.inside.set(row[PATH], Object.assign(row, { depth: parts.length - 1 }));
  }
  return root;
}

function* visible(folder) {
  for (const row of [...folder.inside.values()].sort(compare)) {
    yield row;
    if (row.inside && open.has(row[PATH])) yield* visible(row);
  }
}

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function first(row) {
  const name = get("tree").checked ? row[PATH].replace(/^.*\/(?=.)/, "") : row[PATH];
  if (row[LINK]) return element("a", { href: row[LINK] }, name);
  const button = element("button", { type: "button" }, (open.has(row[PATH]) ? "▾ " : "▸ ") + name);
  button.setAttribute("aria-expanded", open.has(row[PATH]));
  button.dataset.path = row[PATH];
  return button;
}

function level(ratio) {
  if (!ratio[1]) return "";
  const value = hundredths(ratio) / 100;
  return value < thresholds[0] ? "low" : value < thresholds[1] ? "middling" : "high";
}

// The figure beside it says the same.
function gauge([covered, total]) {
  const made = element("span", { className: "gauge" });
  made.style.setProperty("--part", `${(100 * covered) / total}%`);
  return made;
}

function draw(row) {
  const cells = columns.map((column, index) => {
    if (!index) {
      const cell = element("th", { scope: "row" }, first(row));
      if (get("tree").checked) cell.style.paddingLeft = `${0.5 + row.depth}rem`;
      return cell;
    }
    const text = column.text ? column.text(row) : column.key(row).toLocaleString("en");
    const coloured = column.ratio ? " " + level(row[column.ratio]) : "";
    const cell = element("td", { className: "number" + coloured + (column.spare ? " spare" : "") + (column.rare ? " rare" : "") }, text);
    if (column.ratio && row[column.ratio][1]) {
      cell.classList.add("gauged");
      cell.prepend(gauge(row[column.ratio]));
    }
    return cell;
  });
  return element("tr", { className: row.inside ? "folder" : "" }, ...cells);
}

function more() {
  const next = shown.slice(drawn, drawn + PAGE);
  get("rows").append(...next.map(draw));
  drawn += next.length;
  get("more").hidden = drawn >= shown.length;
}

function show() {
  const files = rows.filter(wanted);
  shown = get("tree").checked ? [...visible(folders(files))] : files.sort(compare);
  get("rows").replaceChildren();
  drawn = 0;
  more();
  get("count").value = `${files.length.toLocaleString("en")} of ${rows.length.toLocaleString("en")} files`;
}

function head() {
  get("head").replaceChildren(
    ...columns.map((column, index) => {
      const button = element("button", { type: "button" }, column.name);
      if (column.label) button.setAttribute("aria-label", column.label);
      button.addEventListener("click", () => {
        const down = sorted.column === column ? !sorted.down : Boolean(column.down);
        sorted = { column, down };
        head();
        show();
        get("head").children[index].firstChild.focus();
      });
      const cell = element("th", { scope: "col", className: (index ? "number" : "") + (column.spare ? " spare" : "") + (column.rare ? " rare" : "") }, button);
      if (sorted.column === column) cell.setAttribute("aria-sort", sorted.down ? "descending" : "ascending");
      return cell;
    }),
  );
}

for (const id of ["path", "component", "leg", "changed", "tree"]) get(id)?.addEventListener("input", show);
get("more").addEventListener("click", () => {
  const former = drawn;
  more();
  get("rows").children[former].querySelector("a, button").focus();
});
get("rows").addEventListener("click", (event) => {
  const path = event.target.closest("button")?.dataset.path;
  if (!path) return;
  if (!open.delete(path)) open.add(path);
  const reached = drawn;
  show();
  while (drawn < reached) more();
  [...get("rows").querySelectorAll("button")].find((button) => button.dataset.path === path).focus();
});
new IntersectionObserver((entries) => entries[0].isIntersecting && more(), { rootMargin: "400px" }).observe(get("more"));
addEventListener("beforeprint", () => {
  while (drawn < shown.length) more();
  for (const folded of document.querySelectorAll("details")) folded.open = true;
});
head();
show();
