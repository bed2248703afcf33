// Start: fill the page, and listen to its controls.

function options(select, values, chosen) {
  select.replaceChildren(...values.map(([value, words]) => {
    const made = element("option", words, { value });
    made.selected = value === chosen;
    return made;
  }));
}

function quantityId(quantity) {
  return `${quantity.of} ${quantity.name}`;
}

function choose(id) {
  state.quantity = contents.quantities.find((each) => quantityId(each) === id);
  const shares = state.quantity.name.endsWith("accuracy");
  state.yScale = shares ? "linear" : "log";
  byId("y-scale").value = state.yScale;
}

// Whether some run has two finite values of a quantity.
function hasLine({ of, name }) {
  return runs.some((run) => (run[of][name] ?? []).filter(Number.isFinite).length > 1);
}

function prepareControls() {
  // A run that diverged early has one evaluation, but more steps.
  const preferred = ["train_loss", "validation_loss", "batch_loss"]
    .map((name) => contents.quantities.find((each) => each.name === name)).filter(Boolean);
  const first = preferred.find(hasLine) ?? preferred[0] ?? contents.quantities[0];
  const words = (each) => `${each.words}${each.of === "steps" ? " of steps" : ""}`;
  options(byId("quantity"), contents.quantities.map((each) => [quantityId(each), words(each)]),
    quantityId(first));
  choose(quantityId(first));
  state.axis = contents.axes[0];
  options(byId("axis"), contents.axes.map((axis) => [axis, axis]), state.axis);
  const keys = contents.keys.map((key) => [key, key]);
  const seeded = new Set(runs.map(settingOf)).size < runs.length;
  const setting = contents.study || seeded ? [["setting", "setting"]] : [];
  options(byId("group"), [["", "nothing"], ...setting, ...keys], "");
  if (seeded) {
    state.group = "setting";
    byId("group").value = "setting";
  }
  const listen = (id, change) => {
    const control = byId(id);
    control.addEventListener(control.tagName === "SELECT" ? "change" : "input", () => {
      change(control.value);
      drawCurves();
    });
  };
  listen("quantity", choose);
  listen("axis", (value) => { state.axis = value; });
  listen("x-scale", (value) => { state.xScale = value; });
  listen("y-scale", (value) => { state.yScale = value; });
  listen("group", (value) => { state.group = value; });
  listen("smoothing", (value) => { state.smoothing = Number(value); });
  listen("filter", (value) => { state.filter = value; fillRuns(); });
  byId("controls").addEventListener("submit", (event) => event.preventDefault());
  byId("download").addEventListener("click", download);
  byId("show-all").addEventListener("click", () => show(runs, true));
  byId("show-none").addEventListener("click", () => show(runs, false));
}

function drawAll() {
  drawCurves();
  drawStudy();
  drawWalks();
  drawTheory();
}

byId("title").textContent = contents.title;
byId("subtitle").textContent = contents.subtitle;
byId("result").hidden = !contents.result;
byId("result-text").textContent = contents.result;
prepareControls();
prepareWalks();
fillCards();
fillVerdicts();
fillRuns();
fillDifferences();
drawAll();
// A click on a name in the legend hides the run in the table, too.
byId("curve-drawing").on("plotly_legendclick", (event) => {
  const id = event.data[event.curveNumber].meta;
  const run = runs.find((each) => each.id === id);
  if (run) show([run], false);
  return !run;
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
