// The curves of the runs, or of groups of runs with their median and quartiles.

// The exponential moving average of ys, divided by the sum of its weights, so that it has no bias
// towards the first value.
function smoothed(ys, weight) {
  if (!weight) return ys;
  const found = new Float64Array(ys.length);
  let sum = 0;
  let weights = 0;
  for (let k = 0; k < ys.length; k++) {
    if (Number.isFinite(ys[k])) {
      sum = weight * sum + (1 - weight) * ys[k];
      weights = weight * weights + (1 - weight);
    }
    found[k] = weights > 0 ? sum / weights : NaN;
  }
  return found;
}

function curveOf(run) {
  const columns = run[state.quantity.of];
  const xs = columns[state.axis];
  const ys = columns[state.quantity.name];
  return xs && ys ? { xs, ys: smoothed(ys, state.smoothing) } : null;
}

// The value of a curve at x: linear between its points, NaN outside.
function at(curve, x) {
  const { xs, ys } = curve;
  if (!(x >= xs[0] && x <= xs[xs.length - 1])) return NaN;
  let low = 0;
  let high = xs.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle] <= x) low = middle;
    else high = middle;
  }
  const width = xs[high] - xs[low];
  return width > 0 ? ys[low] + ((x - xs[low]) / width) * (ys[high] - ys[low]) : ys[high];
}

function quantile(values, share) {
  const sorted = Float64Array.from(values).sort();
  const place = share * (sorted.length - 1);
  const low = Math.floor(place);
  const high = Math.ceil(place);
  return sorted[low] + (place - low) * (sorted[high] - sorted[low]);
}

const MOST_GRID = 400;

// The quartiles of several curves at the points of the longest one.
function quartilesOf(curves) {
  const longest = curves.reduce((a, b) => (b.xs.length > a.xs.length ? b : a)).xs;
  const stride = Math.max(1, Math.ceil(longest.length / MOST_GRID));
  const xs = Array.from(longest).filter((_, k) => k % stride === 0 || k === longest.length - 1);
  const rows = xs.map((x) => {
    const values = curves.map((curve) => at(curve, x)).filter(Number.isFinite);
    return values.length ? [0.25, 0.5, 0.75].map((share) => quantile(values, share)) : null;
  });
  const kept = xs.map((x, k) => [x, rows[k]]).filter(([, row]) => row);
  return {
    xs: kept.map(([x]) => x),
    low: kept.map(([, row]) => row[0]),
    ys: kept.map(([, row]) => row[1]),
    high: kept.map(([, row]) => row[2]),
  };
}

// The name of a run without its seed.
const settingOf = (run) => run.name.replace(/, seed \d+$/, "");

function groups() {
  const found = new Map();
  for (const run of shownRuns()) {
    const value = state.group === "setting" ? settingOf(run) : valueOf(run, state.group);
    if (!found.has(value)) found.set(value, []);
    found.get(value).push(run);
  }
  return found;
}

// Whether no point next to the point k has a value, so that no line leads to it.
function isolated(ys, k) {
  return Number.isFinite(ys[k]) && !Number.isFinite(ys[k - 1]) && !Number.isFinite(ys[k + 1]);
}

// A name, and in parentheses which of its runs diverged.
function explained(name, some) {
  const diverged = some.filter((run) => run.status === "diverged").length;
  if (!diverged) return name;
  return some.length === 1 ? `${name} (diverged)` : `${name} (${diverged} of ${some.length} diverged)`;
}

// The curves on the screen: for each its name, colour, points, and quartiles if it is a group.
function shownCurves() {
  if (!state.group) {
    return shownRuns().flatMap((run) => {
      const curve = curveOf(run);
      return curve ? [{ name: run.name, runs: [run], id: run.id, colour: run.colour, ...curve }] : [];
    });
  }
  const all = groups();
  return [...all.entries()].flatMap(([value, members], place) => {
    const curves = members.map(curveOf).filter(Boolean);
    if (!curves.length) return [];
    const key = state.group === "setting" ? "" : `${state.group}=`;
    const colour = colourOf(place, all.size);
    return [{ name: key + value, runs: members, colour, ...quartilesOf(curves) }];
  });
}

function withAlpha(colour, alpha) {
  const parts = [1, 3, 5].map((k) => parseInt(colour.slice(k, k + 2), 16));
  return `rgba(${parts.join(",")},${alpha})`;
}

function drawCurves() {
  const curves = shownCurves();
  const traces = [];
  for (const curve of curves) {
    const name = plain(explained(curve.name, curve.runs));
    const sizes = Array.from(curve.ys, (_, k) => (isolated(curve.ys, k) ? 8 : 0));
    const line = { color: curve.colour, width: curve.low ? 2 : 1.5 };
    if (curve.low) {
      traces.push({
        x: [...curve.xs, ...curve.xs.slice().reverse()],
        y: [...curve.high, ...curve.low.slice().reverse()],
        fill: "toself", fillcolor: withAlpha(curve.colour, 0.18), line: { width: 0 },
        hoverinfo: "skip", showlegend: false, mode: "lines", legendgroup: name,
      });
    }
    traces.push({
      x: curve.xs, y: curve.ys, name, line, legendgroup: name,
      mode: sizes.some(Boolean) ? "lines+markers" : "lines", marker: { color: curve.colour, size: sizes },
      hovertemplate: `${name}<br>${state.axis} %{x:.6g}<br>${plain(state.quantity.words)} %{y:.5g}<extra></extra>`,
      meta: curve.id ?? null,
    });
  }
  const some = curves.some((curve) => curve.ys.some(Number.isFinite));
  drawn("curve-drawing", traces, {
    annotations: some ? [] : [{
      text: shownRuns().length ? "there is no finite value to draw" : "no run is shown",
      x: 0.5, y: 0.5, xref: "paper", yref: "paper", showarrow: false,
    }],
    xaxis: { title: { text: state.axis }, type: state.xScale },
    yaxis: {
      title: { text: plain(state.quantity.words) }, type: state.yScale,
      ...(state.yScale === "log" ? logTicks(curves.flatMap((curve) => Array.from(curve.ys))) : {}),
    },
    showlegend: curves.length > 1 && curves.length <= FEW_COLOURS.length,
    legend: { orientation: "h", y: -0.25 },
    uirevision: `${state.quantity.name} ${state.axis} ${state.xScale} ${state.yScale}`,
  });
  byId("curve-note").textContent = curveNotes(curves).join(" ");
}

function curveNotes(curves) {
  const notes = [];
  if (state.group) {
    notes.push("Lines are medians over the runs of a group; bands are between the quartiles.");
  } else if (curves.length > FEW_COLOURS.length) {
    notes.push("Move the pointer to a curve to see which run it is.");
  }
  const found = [...new Set(curves.flatMap((curve) => curve.runs).map((run) => run.problem))];
  if (found.length > 1 && state.quantity.name.includes("loss")) {
    notes.push("Losses of different problems cannot be compared. To show one problem, filter or "
      + "hide runs in the table.");
  }
  return notes;
}

// The points of the curves on the screen, one line for each point.
function shownCsv() {
  const quoted = (text) => `"${String(text).replace(/"/g, '""')}"`;
  const lines = [["run", state.axis, state.quantity.name].map(quoted).join(",")];
  for (const curve of shownCurves()) {
    for (let k = 0; k < curve.xs.length; k++) {
      lines.push(`${quoted(curve.name)},${curve.xs[k]},${curve.ys[k]}`);
    }
  }
  return lines.join("\n") + "\n";
}

function download() {
  const link = element("a", "", {
    href: URL.createObjectURL(new Blob([shownCsv()], { type: "text/csv" })),
    download: `${state.quantity.name}.csv`,
  });
  link.click();
  URL.revokeObjectURL(link.href);
}
