// The cards, the sentences on how the runs ended, the table of runs, and the config differences.

const MOST_VERDICTS = 8;
const MOST_NAMES = 3;

function card(value, words) {
  const made = element("div", "", { class: "card" });
  made.append(element("b", value), element("span", words));
  return made;
}

// The runs whose losses can be compared, by the name of their problem.
function runsByProblem() {
  const found = new Map();
  for (const run of runs) found.set(run.problem, [...(found.get(run.problem) ?? []), run]);
  return [...found.entries()];
}

function fillCards() {
  const cards = byId("cards");
  const total = (name) => runs.reduce((sum, run) => sum + (run.summary[name] ?? 0), 0);
  cards.append(card(short(runs.length), runs.length === 1 ? "run" : "runs"));
  if (runs.length > 1) cards.append(...failureCards());
  const found = runsByProblem();
  if (found.length === 1) cards.append(...bestCards(runs, BEST, ""));
  else {
    cards.append(card(short(found.length), "problems, whose losses cannot be compared"));
    for (const [problem, some] of found.slice(0, MOST_PROBLEMS)) {
      // One card for each problem: that of the first quantity that was measured.
      cards.append(...bestCards(some, BEST, ` on ${problem}`).slice(0, 1));
    }
    const left = found.length - MOST_PROBLEMS;
    if (left > 0) cards.append(card(short(left), "more problems, see the table of runs"));
  }
  const work = contents.axes.includes("gradients") ? "gradients" : "steps";
  cards.append(card(short(total(work)), work));
  const { value, words } = contents.time;
  if (value) cards.append(card(value, words));
}

const MOST_PROBLEMS = 6;
const BEST = ["validation_loss", "test_accuracy", "test_loss", "train_loss"];

// How many runs diverged, and how many exploded without reaching a number that is not finite.
function failureCards() {
  const diverged = runs.filter((run) => run.status === "diverged");
  const exploded = runs.filter((run) => run.symptom === "exploding" && !diverged.includes(run));
  const cards = [card(short(diverged.length), "diverged")];
  if (exploded.length) cards.push(card(short(exploded.length), "exploded, but did not diverge"));
  return cards;
}

// The best value of each of these quantities among some runs. where: words on these runs.
function bestCards(some, names, where) {
  return names.flatMap((name) => {
    const finite = some.filter((run) => run.status !== "diverged" && Number.isFinite(run.summary[name]));
    if (!finite.length) return [];
    const sign = name.endsWith("accuracy") ? -1 : 1;
    const best = finite.reduce((a, b) => (sign * b.summary[name] < sign * a.summary[name] ? b : a));
    const value = sign < 0 ? `${(100 * best.summary[name]).toFixed(1)} %` : short(best.summary[name]);
    const words = name.replace("_", " ");
    return [card(value, runs.length === 1 ? words : `best ${words}${where}: ${best.name}`)];
  });
}

const ending = (run) => JSON.stringify([run.verdict, ...run.diagnosis]);

// Runs with the same verdict and symptoms. If these would be too many groups, the runs of a group
// may differ in numbers, and the first of them is an example.
function endings() {
  const grouped = (key) => {
    const same = new Map();
    for (const run of runs) {
      const text = key(ending(run));
      same.set(text, [...(same.get(text) ?? []), run]);
    }
    return [...same.values()];
  };
  const exact = grouped((text) => text);
  if (exact.length <= MOST_VERDICTS) return exact;
  return grouped((text) => text.replace(/\d[\d.,]*(e[+-]?\d+)?/g, "0"));
}

function fillVerdicts() {
  const list = element("ul");
  const verdicts = endings().sort((a, b) => b.length - a.length);
  for (const some of verdicts.slice(0, MOST_VERDICTS)) {
    const [first] = some;
    const names = some.length <= MOST_NAMES ? some.map((run) => run.name).join("; ") : `${some.length} runs`;
    const equal = some.every((run) => ending(run) === ending(first));
    const verdict = equal ? first.verdict : `for example ${first.name}: ${first.verdict}`;
    const item = element("li", runs.length === 1 ? verdict : `${names}: ${verdict}`);
    for (const symptom of first.diagnosis) item.append(element("div", symptom));
    list.append(item);
  }
  const left = verdicts.slice(MOST_VERDICTS).reduce((sum, some) => sum + some.length, 0);
  if (left) list.append(element("li", `${left} runs with other endings, see the table of runs`));
  byId("verdicts").append(list);
}

const SUMMARY_COLUMNS = [
  "train_loss", "validation_loss", "test_loss", "train_accuracy", "validation_accuracy",
  "test_accuracy", "epochs", "steps", "gradients", "seconds",
];

function runColumns() {
  const counted = SUMMARY_COLUMNS.filter((name) => name !== "gradients" || contents.axes.includes(name));
  const shown = counted.filter((name) => runs.some((run) => name in run.summary));
  return [
    { head: "run", of: (run) => run.name },
    { head: "status", of: (run) => run.status },
    ...(runs.some((run) => run.symptom) ? [{ head: "symptom", of: (run) => run.symptom ?? "–" }] : []),
    ...contents.keys.map((key) => ({ head: key, of: (run) => valueOf(run, key) })),
    ...shown.map((name) => ({
      head: name.replace("_", " "), number: true, of: (run) => run.summary[name] ?? null,
    })),
    // The trials of a study have no directories of their own.
    ...(contents.study || runs.length === 1 ? [] : [{ head: "directory", of: (run) => run.id }]),
  ];
}

// Numbers before texts, and both in their own order; what is missing comes last.
function inOrder(a, b) {
  const [first, second] = [a, b].map((each) => (each === null || each === "" ? NaN : Number(each)));
  const numbers = [first, second].map((each) => !Number.isNaN(each));
  if (numbers[0] && numbers[1]) return first - second;
  if (numbers[0] !== numbers[1]) return numbers[0] ? -1 : 1;
  return String(a).localeCompare(String(b));
}

function sortedRuns(columns) {
  const column = columns.find((each) => each.head === state.sort.column);
  const found = runs.filter(passes);
  if (!column) return found;
  const sign = state.sort.descending ? -1 : 1;
  return found.sort((a, b) => sign * inOrder(column.of(a), column.of(b)));
}

function fillRuns() {
  const columns = runColumns();
  const head = element("tr");
  head.append(element("th"));
  for (const column of columns) {
    const cell = element("th", column.head, { "data-sort": column.head });
    if (column.number) cell.className = "number";
    if (state.sort.column === column.head) {
      cell.setAttribute("aria-sort", state.sort.descending ? "descending" : "ascending");
    }
    cell.addEventListener("click", () => {
      const again = state.sort.column === column.head;
      state.sort = { column: column.head, descending: again && !state.sort.descending };
      fillRuns();
    });
    head.append(cell);
  }
  byId("run-table").tHead.replaceChildren(head);
  const found = sortedRuns(columns);
  byId("run-table").tBodies[0].replaceChildren(...found.map((run) => runRow(run, columns)));
  byId("filter-note").textContent =
    found.length < runs.length ? `${found.length} of ${runs.length} runs` : "";
}

function runRow(run, columns) {
  const hidden = state.hidden.has(run.id);
  const row = element("tr", "", { class: hidden ? "hidden-run" : "", "data-run": run.id });
  const box = element("input", "", { type: "checkbox", "aria-label": `show ${run.name}` });
  box.checked = !hidden;
  box.addEventListener("change", () => show([run], box.checked));
  const first = element("td");
  first.append(box);
  row.append(first);
  columns.forEach((column, place) => {
    const value = column.of(run);
    const cell = element("td", column.number ? short(value) : value);
    if (column.number) cell.className = "number";
    if (place === 0) cell.prepend(element("span", "", { class: "swatch", style: `background:${run.colour}` }));
    row.append(cell);
  });
  return row;
}

function show(some, visible) {
  for (const run of some) {
    if (visible) state.hidden.delete(run.id);
    else state.hidden.add(run.id);
  }
  fillRuns();
  drawCurves();
}

const MOST_COMPARED = 12;

function fillDifferences() {
  if (!contents.keys.length || runs.length < 2 || runs.length > MOST_COMPARED) return;
  byId("differences").hidden = false;
  const head = element("tr");
  head.append(element("th", "key"), ...runs.map((run) => element("th", run.name)));
  byId("difference-table").tHead.replaceChildren(head);
  byId("difference-table").tBodies[0].replaceChildren(...contents.keys.map((key) => {
    const row = element("tr");
    row.append(element("td", key), ...runs.map((run) => element("td", valueOf(run, key))));
    return row;
  }));
}
