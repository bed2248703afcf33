// What a sweep or comparison found: the score of each setting, the importance of each key, and all
// settings as parallel coordinates.

// The colour and the symbol of each verdict, which differ also without colours.
const VERDICTS = {
  best: ["#009e73", "star"], good: ["#56b4e9", "circle"], slow: ["#7f7f7f", "square"],
  poor: ["#7f7f7f", "pentagon"], "too small": ["#7f7f7f", "triangle-down"],
  "too large": ["#e69f00", "triangle-up"],
  oscillating: ["#e69f00", "bowtie"], unstable: ["#e69f00", "diamond"], diverged: ["#d55e00", "x"],
};

function drawSensitivity(study) {
  const key = study.keys.find((each) => each.numeric);
  const { words } = study.metric;
  const traces = [];
  const verdicts = [...new Set(study.settings.map((each) => each.verdict ?? "setting"))];
  for (const verdict of verdicts) {
    const some = study.settings.filter((each) => (each.verdict ?? "setting") === verdict);
    const points = some.flatMap((each) =>
      [...unpacked(each.scores)].map((score) => ({ x: key ? each.values[key.key] : each.name, score, each })));
    traces.push({
      x: points.map((point) => (key ? point.x : plain(point.x))),
      y: points.map((point) => (Number.isFinite(point.score) ? point.score : null)),
      text: points.map((point) => plain(point.each.name)),
      name: verdict, mode: "markers", type: "scatter",
      marker: {
        color: VERDICTS[verdict]?.[0] ?? "#0072b2", symbol: VERDICTS[verdict]?.[1] ?? "circle", size: 9,
      },
      hovertemplate: `%{text}<br>${plain(words)} %{y:.5g}<extra>${verdict}</extra>`,
    });
  }
  if (key && study.keys.length === 1) {
    const line = study.settings.filter((each) => each.median !== null)
      .sort((a, b) => a.values[key.key] - b.values[key.key]);
    traces.unshift({
      x: line.map((each) => each.values[key.key]), y: line.map((each) => each.median),
      name: "median", mode: "lines", line: { color: colours().faint, width: 1 }, hoverinfo: "skip",
    });
  }
  const positive = key && study.settings.every((each) => each.values[key.key] > 0);
  const losses = study.metric.sign > 0;
  drawn("sensitivity", traces, {
    xaxis: { title: { text: key ? plain(key.key) : "" }, type: key ? (positive ? "log" : "linear") : "category" },
    yaxis: {
      title: { text: plain(words) }, type: losses ? "log" : "linear",
      ...(losses ? logTicks(study.settings.flatMap((each) => [...unpacked(each.scores)])) : {}),
    },
    legend: { orientation: "h", y: -0.25 },
    ...marks(study, key, positive),
  });
}

// A dashed line at each predicted limit of the rate, a band between the largest rate that was stable
// and the smallest that was not, and a × at the top for a setting without a finite score.
function marks(study, key, log) {
  const place = (rate) => (log ? Math.log10(rate) : rate);
  const crosses = study.settings.filter((each) => each.median === null).map((each) => ({
    x: key ? place(each.values[key.key]) : plain(each.name), y: 1, yref: "paper", showarrow: false,
    yanchor: "top", text: "×", font: { color: VERDICTS.diverged[0], size: 18 },
    hovertext: plain(each.name),
  }));
  const { ink } = colours();
  const across = { yref: "paper", y0: 0, y1: 1 };
  const lines = study.limits.map(({ predicted }) => ({
    type: "line", x0: predicted, x1: predicted, ...across, line: { color: ink, dash: "dash", width: 1 },
  }));
  const bands = study.limits.filter((each) => each.stable !== null && each.unstable !== null)
    .map(({ stable, unstable }) => ({
      type: "rect", x0: stable, x1: unstable, ...across, layer: "below",
      fillcolor: "rgba(230,159,0,0.15)", line: { width: 0 },
    }));
  // One label is enough for limits that are equal.
  const { predicted, form } = study.limits[0] ?? {};
  const equal = study.limits.every((each) => each.predicted === predicted && each.form === form);
  const annotations = (equal ? study.limits.slice(0, 1) : study.limits).map((each, k) => ({
    x: place(each.predicted), y: 0.02 + 0.09 * k, yref: "paper", showarrow: false, xanchor: "left",
    yanchor: "bottom",
    text: ` ${plain(each.form)}${each.of && !equal ? ` (${plain(each.of)})` : ""}`,
  }));
  return { shapes: [...bands, ...lines], annotations: [...crosses, ...annotations] };
}

// What theory predicts and what the runs showed, a row for each combination of the other keys.
function fillLimits(study) {
  if (!study.limits.length) return;
  byId("limits").hidden = false;
  const several = study.limits.some((each) => each.of);
  const heads = [
    ...(several ? ["settings"] : []), "predicted limit", "formula", "curvature L",
    "largest stable rate", "smallest rate that was not stable",
  ];
  const head = element("tr");
  head.append(...heads.map((text) => element("th", text)));
  byId("limit-table").tHead.replaceChildren(head);
  byId("limit-table").tBodies[0].replaceChildren(...study.limits.map((each) => {
    const row = element("tr");
    const numbers = [each.predicted, each.form, each.smoothness, each.stable, each.unstable];
    if (several) row.append(element("td", each.of));
    row.append(...numbers.map((value) => element("td", typeof value === "string" ? value : short(value))));
    return row;
  }));
  const needed = Math.max(...study.limits.map((each) => each.steps_needed ?? 0));
  const theory = study.limits.every((each) => each.exact)
    ? "Rates above the predicted limit are unstable."
    : "Full-batch descent is stable at rates below the predicted limit; some rates above it may be stable too.";
  const observed = needed
    ? `The limit was not observed, because it takes runs of ${short(needed)} steps or more.`
    : "The band in the drawing is where the runs changed from stable to unstable.";
  byId("limit-note").textContent = `${theory} ${observed}`;
}

function drawImportances(study) {
  const entries = Object.entries(study.importances).sort((a, b) => a[1] - b[1]);
  if (entries.length < 2) {
    byId("importance").hidden = true;
    return;
  }
  drawn("importance", [{
    type: "bar", orientation: "h", x: entries.map(([, share]) => share),
    y: entries.map(([key]) => plain(key)), marker: { color: "#0072b2" },
    hovertemplate: "%{y}: %{x:.1%}<extra></extra>",
  }], {
    xaxis: { title: { text: "share of the variance" }, range: [0, 1], tickformat: ".0%" },
    margin: { l: 130, r: 20, t: 20, b: 50 },
  });
}

// From the best score to the worst: visible on light and on dark paper.
const SCORES = [[0, "#0072b2"], [0.5, "#7f9a6b"], [1, "#e69f00"]];

// One vertical axis for each key, and one for the metric. A key without numbers has a tick for each
// of its values.
function drawParallel(study) {
  if (study.keys.length < 2) {
    byId("parallel").hidden = true;
    return;
  }
  const shown = study.settings.filter((each) => each.median !== null);
  const dimensions = study.keys.map(({ key, numeric }) => {
    const values = shown.map((each) => each.values[key]);
    if (numeric) {
      const spread = Math.min(...values) > 0 && Math.max(...values) > 10 * Math.min(...values);
      if (!spread) return { label: plain(key), values };
      const ticks = [...new Set(values)].sort((a, b) => a - b);
      return {
        label: plain(key), values: values.map(Math.log10),
        tickvals: ticks.map(Math.log10), ticktext: ticks.map(short),
      };
    }
    const names = [...new Set(values.map(String))];
    return {
      label: plain(key), values: values.map((value) => names.indexOf(String(value))),
      tickvals: names.map((_, k) => k), ticktext: names.map(plain),
    };
  });
  const medians = shown.map((each) => each.median);
  const logs = study.metric.sign > 0 && Math.min(...medians) > 0;
  const heights = logs ? medians.map(Math.log10) : medians;
  const { ink, paper } = colours();
  drawn("parallel", [{
    type: "parcoords",
    dimensions: [...dimensions, {
      label: plain(study.metric.words) + (logs ? " (log10)" : ""), values: heights,
    }],
    line: { color: heights, colorscale: SCORES, reversescale: study.metric.sign < 0 },
    labelfont: { color: ink }, tickfont: { color: ink, shadow: paper }, rangefont: { color: ink },
  }], { margin: { l: 90, r: 90, t: 80, b: 30 } });
}

function drawStudy() {
  const { study } = contents;
  if (!study) return;
  byId("study").hidden = false;
  drawSensitivity(study);
  drawImportances(study);
  drawParallel(study);
  fillLimits(study);
}
