"use strict";
// Uncovered: lines that did not run, a run of them once, and lines that did not take every way on.
const stops = [];
let former = null;
for (const line of document.querySelectorAll("#code [id]")) {
  if (line.matches(".p") || (line.matches(".m") && !former?.matches(".m"))) stops.push(line);
  if (line.matches(".r, .m, .p")) former = line;
}
const where = document.getElementById("where");
const number = (line) => Number(line.id.slice(1));
let first = 0;
let at = -1;

function choose(from, to) {
  for (const line of document.querySelectorAll(".chosen")) line.classList.remove("chosen");
  for (let line = from; line <= to; line++) document.getElementById("L" + line)?.classList.add("chosen");
  first = from;
  return document.getElementById("L" + from);
}

function go(step) {
  if (!stops.length) return;
  if (at < 0) at = step > 0 ? stops.findIndex((line) => number(line) > first) : stops.findLastIndex((line) => number(line) < first);
  else at += step;
  if (at < 0 || at >= stops.length) at = step > 0 ? 0 : stops.length - 1;
  const kept = at;
  history.replaceState(null, "", "#" + stops[at].id);
  choose(number(stops[at]), number(stops[at])).scrollIntoView({ block: "center" });
  stops[at].querySelector("a").focus({ preventScroll: true });
  at = kept;
  where.value = `${at + 1} of ${stops.length}`;
}

function follow() {
  const range = /^#L(\d+)(?:-L?(\d+))?$/.exec(location.hash);
  if (!range) return;
  const ends = [Number(range[1]), Number(range[2] ?? range[1])].sort((a, b) => a - b);
  at = -1;
  // No longer than the file: an address is anybody's.
  const last = Number(document.querySelector("#code > :last-child > :last-child")?.id.slice(1) ?? 0);
  choose(ends[0], Math.min(ends[1], last))?.scrollIntoView({ block: "center" });
}

document.getElementById("next").addEventListener("click", () => go(1));
document.getElementById("previous").addEventListener("click", () => go(-1));
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "j") go(1);
  if (event.key === "k") go(-1);
});
// The tests of a line are listed below it; bit i of byte i / 8 of a set is name i.
const tests = JSON.parse(document.getElementById("tests")?.textContent ?? "null");

function list(button) {
  const open = button.getAttribute("aria-expanded") === "true";
  button.setAttribute("aria-expanded", String(!open));
  if (open) return button.parentElement.querySelector("ul").remove();
  const set = tests.sets[Number(button.dataset.set)];
  const names = tests.names.filter((_, i) => (parseInt(set.substr((i >> 3) * 2, 2), 16) >> (i & 7)) & 1);
  const items = names.map((name) => Object.assign(document.createElement("li"), { textContent: name }));
  const made = document.createElement("ul");
  made.append(...items);
  button.after(made);
}

document.getElementById("code").addEventListener("click", (event) => {
  const button = event.target.closest("button.t");
  if (button) return list(button);
  const line = event.target.closest("a")?.parentElement;
  if (!line || !event.shiftKey || !first) return;
  event.preventDefault();
  const ends = [first, number(line)].sort((a, b) => a - b);
  location.hash = `L${ends[0]}-L${ends[1]}`;
});
addEventListener("hashchange", follow);
addEventListener("beforeprint", () => {
  for (const folded of document.querySelectorAll("details")) folded.open = true;
});
where.value = stops.length ? `${stops.length} uncovered` : "nothing uncovered";
for (const button of document.querySelectorAll(".tools button")) button.disabled = !stops.length;
follow();
