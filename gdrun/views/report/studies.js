// What a sweep or comparison found: the score of each setting, the importance of each key, and all
// settings as parallel coordinates.

const VERDICT_COLOURS = {
  best: "#009e73", good: "#56b4e9", slow: "#7f7f7f", poor: "#7f7f7f", "too small": "#7f7f7f",
  unstable: "#e69f00", diverged: "#d55e00",
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
      marker: { color: VERDICT_COLOURS[verdict] ?? "#0072b2", size: 8 },
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
  const { limit } = study;
  const positive = key && study.settings.every((each) => each.values[key.key] > 0);
  const losses = study.metric.sign > 0;
  drawn("sensitivity", traces, {
    xaxis: { title: { text: key ? plain(key.key) : "" }, type: key ? (positive ? "log" : "linear") : "category" },
    yaxis: { title: { text: plain(words) }, type: losses ? "log" : "linear" },
    legend: { orientation: "h", y: -0.25 },
    shapes: limit ? [{
      type: "line", x0: limit.rate, x1: limit.rate, yref: "paper", y0: 0, y1: 1,
      line: { color: colours().ink, dash: "dash", width: 1 },
    }] : [],
    annotations: limit ? [{
      x: Math.log10(limit.rate), y: 1, yref: "paper", text: plain(limit.form), showarrow: false,
      xanchor: "left", yanchor: "top",
    }] : [],
  });
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
    xaxis: { title: { text: "share of the variance explained" }, range: [0, 1], tickformat: ".0%" },
    margin: { l: 130, r: 20, t: 20, b: 50 },
  });
}

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
    line: { color: heights, colorscale: "Viridis", reversescale: study.metric.sign < 0 },
    labelfont: { color: ink }, tickfont: { color: ink, shadow: paper }, rangefont: { color: ink },
  }], { margin: { l: 90, r: 60, t: 60, b: 30 } });
}

function drawStudy() {
  const { study } = contents;
  if (!study) return;
  byId("study").hidden = false;
  drawSensitivity(study);
  drawImportances(study);
  drawParallel(study);
}
